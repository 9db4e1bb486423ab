/* The keeper of the node: it starts one program as one user, and when that ends the machine does. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *const no_environment[] = {NULL};
static char *const node[] = {"sealtune-node", "run", "--config", "/run/given/node.toml", NULL};

static void become_the_node(void) {
	const struct rlimit none = {0, 0}, files = {16384, 16384};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	if (setgroups(0, NULL) != 0 || setgid(NODE_ID) != 0 || setuid(NODE_ID) != 0)
		_exit(126);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(126);
}

static pid_t start(const char *path, char *const words[]) {
	int heard = say_descriptor(), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t child = fork();
	if (child != 0)
		return child;
	dup2(nothing, 0);
	dup2(heard, 1);
	dup2(heard, 2);
	setsid();
	become_the_node();
	execve(path, words, no_environment);
	_exit(127);
}

#ifdef DEVELOPMENT
/* A machine that protects nothing, and says so: the simulated TEE is another process beside the node. */
#define ROOT_FILE "/run/sealtune/development-root.pem"
static char *const simulator[] = {"sealtune-simtee", "--socket", "/run/sealtune/tee.sock", "--root-out", ROOT_FILE, NULL};

static void start_simulator(void) {
	static char text[TEXT_MAX];
	const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
	say("init: DEVELOPMENT IMAGE, nothing is protected");
	start("/usr/bin/sealtune-simtee", simulator);
	/* Its keys are RSA-4096: made in seconds, on an emulated processor in minutes. */
	for (int tries = 0; tries < 6000 && access(ROOT_FILE, R_OK) != 0; tries++)
		nanosleep(&moment, NULL);
	if (read_file(ROOT_FILE, text, sizeof text) <= 0)
		refuse("the simulated TEE does not come up");
	say("init: the development root:\n%.*s", (int)sizeof text, text);
}

/* Who listens, for the test that only the node's ports do: one line for each socket that waits. */
static void tell_listeners(const char *table) {
	static char text[16 * TEXT_MAX];
	if (read_file(table, text, sizeof text) <= 0)
		return;
	char *rest, *line = strtok_r(text, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char local[64], remote[64], state[8];
		if (sscanf(line, "%*s %63s %63s %7s", local, remote, state) == 3 && (strcmp(state, "0A") == 0 || strcmp(state, "07") == 0))
			say("init: listens %s %s", strrchr(table, '/') + 1, local);
	}
}

static void tell_every_so_often(void) {
	const struct timespec while_ = {.tv_sec = 2};
	if (fork() != 0)
		return;
	for (;;) {
		nanosleep(&while_, NULL);
		say("init: who listens");
		tell_listeners("/proc/net/tcp");
		tell_listeners("/proc/net/tcp6");
		tell_listeners("/proc/net/udp");
		tell_listeners("/proc/net/udp6");
		say("init: that is all");
	}
}
#else
static void start_simulator(void) {}
static void tell_every_so_often(void) {}
#endif

void keep(void) {
	int status = 0;
	start_simulator();
	pid_t child = start("/usr/bin/sealtune-node", node);
	tell_every_so_often();
	for (pid_t ended = 0; ended != child;) {
		ended = wait(&status);
		if (ended < 0 && errno != EINTR)
			break;
	}
	if (WIFSIGNALED(status))
		say("init: the node was ended by signal %d", WTERMSIG(status));
	else
		say("init: the node ended with %d", WEXITSTATUS(status));
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}
