/* Small files, folders, mounts, and disks by the name the host gave them. */
#include "init.h"
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The length, or -1; what was read ends in a zero. */
ssize_t read_file(const char *path, char *into, size_t most) {
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	size_t length = 0;
	ssize_t some;
	while (length + 1 < most && (some = read(file, into + length, most - 1 - length)) > 0)
		length += (size_t)some;
	close(file);
	into[length] = 0;
	return (ssize_t)length;
}

void write_file(const char *path, const char *text) {
	int file = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = (ssize_t)strlen(text);
	if (file < 0 || write(file, text, (size_t)length) != length)
		refuse("cannot write %s: %s", path, strerror(errno));
	close(file);
}

void make_folder(const char *path, mode_t mode, uid_t owner) {
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		refuse("cannot make %s: %s", path, strerror(errno));
	if (chown(path, owner, owner) != 0 || chmod(path, mode) != 0)
		refuse("cannot hand over %s: %s", path, strerror(errno));
}

void mount_at(const char *kind, const char *what, const char *where, unsigned long flags, const char *options) {
	if (mount(what, where, kind, flags, options) != 0)
		refuse("cannot mount %s at %s: %s", what, where, strerror(errno));
}

static int has_serial(const char *disk, const char *serial) {
	char path[300], found[64];
	snprintf(path, sizeof path, "/sys/block/%s/serial", disk);
	return read_file(path, found, sizeof found) > 0 && strcmp(found, serial) == 0;
}

static int look_for_disk(const char *serial, char *path, size_t most) {
	DIR *disks = opendir("/sys/block");
	struct dirent *entry;
	int found = 0;
	while (disks && !found && (entry = readdir(disks)))
		if (strncmp(entry->d_name, "vd", 2) == 0 && has_serial(entry->d_name, serial)) {
			snprintf(path, most, "/dev/%s", entry->d_name);
			found = 1;
		}
	if (disks)
		closedir(disks);
	return found;
}

/* Disks appear a moment after their driver; one that is not there by then was not given. */
int find_disk(const char *serial, char *path, size_t most) {
	const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
	for (int tries = 0; tries < 250; tries++) {
		if (look_for_disk(serial, path, most))
			return 1;
		nanosleep(&moment, NULL);
	}
	return 0;
}
