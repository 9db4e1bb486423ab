/* The kernel's modules: those of a list in the measured initrd, and afterwards none at all. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *name) {
	char path[300];
	snprintf(path, sizeof path, "/lib/modules/%s.ko", name);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	int done = (int)syscall(SYS_finit_module, file, "", 0);
	close(file);
	return done;
}

/* A line that begins with ? names a module for hardware that need not be there. */
void load_modules(void) {
	static char list[TEXT_MAX];
	if (read_file("/lib/modules/list", list, sizeof list) < 0)
		refuse("the initrd has no list of modules");
	for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n")) {
		int optional = *name == '?';
		if (load(name + optional) != 0 && !optional)
			refuse("cannot load the module %s: %s", name, strerror(errno));
	}
	write_file("/proc/sys/kernel/modules_disabled", "1");
}
