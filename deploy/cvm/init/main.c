/* Process 1: modules, root, what the host gave, and then the node. No shell, no service manager. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/root"
#define LIMITED (MS_NODEV | MS_NOSUID | MS_NOEXEC)

static void mount_kernel_files(void) {
	mount_at("proc", "proc", "/proc", LIMITED, NULL);
	mount_at("sysfs", "sysfs", "/sys", LIMITED, NULL);
	mount_at("devtmpfs", "dev", "/dev", MS_NOSUID | MS_NOEXEC, NULL);
}

static void move_to_root(const char *what) {
	char where[64];
	snprintf(where, sizeof where, ROOT "%s", what);
	if (mount(what, where, NULL, MS_MOVE, NULL) != 0)
		refuse("cannot move %s: %s", what, strerror(errno));
}

static void enter_root(void) {
	move_to_root("/proc");
	move_to_root("/sys");
	move_to_root("/dev");
	if (chdir(ROOT) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
		refuse("cannot enter the root: %s", strerror(errno));
}

/* A disk for the state is the host's: it is parsed by the kernel, so it is the command line that allows it. */
static void mount_state(const char *command_line) {
	const char *where = "/var/lib/sealtune";
	char disk[64];
	if (!strstr(command_line, " sealtune.state=disk"))
		mount_at("tmpfs", "state", where, LIMITED, "mode=0700,size=75%");
	else if (find_disk("sealtune-state", disk, sizeof disk))
		mount_at("ext4", disk, where, LIMITED, NULL);
	else
		refuse("there is no disk with the serial sealtune-state");
	make_folder(where, 0700, NODE_ID);
}

static void mount_memory(void) {
	mount_at("tmpfs", "run", "/run", LIMITED, "mode=0755");
	mount_at("tmpfs", "tmp", "/tmp", LIMITED, "mode=1777");
	make_folder("/run/sealtune", 0700, NODE_ID);
	make_folder("/run/given", 0700, NODE_ID);
}

/* No core file anywhere, nothing that asks for more modules, no packets between interfaces. */
static void settle_kernel(void) {
	write_file("/proc/sys/kernel/core_pattern", "/dev/null");
	write_file("/proc/sys/kernel/kexec_load_disabled", "1");
	write_file("/proc/sys/kernel/kptr_restrict", "2");
	write_file("/proc/sys/kernel/dmesg_restrict", "1");
	write_file("/proc/sys/fs/suid_dumpable", "0");
}

static void hand_over_device(void) {
	if (chown("/dev/sev-guest", NODE_ID, NODE_ID) != 0 && errno != ENOENT)
		refuse("cannot hand over the TEE's device: %s", strerror(errno));
}

int main(void) {
	static char command_line[TEXT_MAX];
	umask(0077);
	mount_kernel_files();
	say_open();
	if (read_file("/proc/cmdline", command_line, sizeof command_line) < 0)
		refuse("the kernel tells no command line");
	load_modules();
	open_root(command_line, ROOT);
	enter_root();
	mount_memory();
	mount_state(command_line);
	unpack_given("/run/given", NODE_ID);
	raise_network("/run/given/network", "/run/resolv.conf");
	hand_over_device();
	settle_kernel();
	keep();
}
