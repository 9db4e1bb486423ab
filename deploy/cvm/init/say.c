/* What the machine says before the node speaks: public, like everything the node logs. */
#include "init.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

static int log_port = -1;

#ifdef DEVELOPMENT
void say_open(void) {
	log_port = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);
}
#else
/* Where the host hears us. The port is for writing alone: nothing is read from it. */
#define LOG_PORT "org.sealtune.log"

static int open_named_port(const char *device) {
	char path[300], name[64];
	snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", device);
	ssize_t length = read_file(path, name, sizeof name);
	if (length <= 0 || strncmp(name, LOG_PORT, strlen(LOG_PORT)) != 0)
		return -1;
	snprintf(path, sizeof path, "/dev/%s", device);
	return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

void say_open(void) {
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	while (ports && log_port < 0 && (entry = readdir(ports)))
		if (entry->d_name[0] != '.')
			log_port = open_named_port(entry->d_name);
	if (ports)
		closedir(ports);
}
#endif

int say_descriptor(void) {
	return log_port >= 0 ? log_port : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void say_list(const char *format, va_list arguments) {
	/* A line, or a certificate. */
	static char line[TEXT_MAX + 512];
	int length = vsnprintf(line, sizeof line - 1, format, arguments);
	if (length < 0)
		return;
	if ((size_t)length > sizeof line - 2)
		length = sizeof line - 2;
	line[length++] = '\n';
	if (log_port >= 0 && write(log_port, line, (size_t)length) < 0)
		log_port = -1;
}

void say(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
}

/* A machine that is not what it was measured to be does not run at all. */
void refuse(const char *format, ...) {
	va_list arguments;
	say("init: refused to boot:");
	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}
