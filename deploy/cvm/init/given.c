/* What the host hands in on a disk: a tar archive of a few named files. None of it is measured or trusted:
 * the configuration's digest is in the evidence, the wallet pays for gas, and the network is the host's anyway. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512
#define FILE_BYTES_MAX (64 * 1024)

/* Exactly these, so that a name never leads anywhere else. */
static const char *const names[] = {"node.toml", "wallet", "network"};

static const char *known(const char *name) {
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return names[i];
	return NULL;
}

static void keep_file(const char *folder, const char *name, const char *bytes, size_t length, uid_t owner) {
	char path[300];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (file < 0 || write(file, bytes, length) != (ssize_t)length || fchown(file, owner, owner) != 0)
		refuse("cannot keep %s: %s", name, strerror(errno));
	close(file);
}

/* One entry; 0 at the end. The header is POSIX's: a name of 100 bytes, the size in octal at 124. */
static int unpack_entry(int disk, const char *folder, uid_t owner) {
	static char bytes[FILE_BYTES_MAX];
	char header[BLOCK + 1] = {0}, size_text[13] = {0};
	if (read(disk, header, BLOCK) != BLOCK || header[0] == 0)
		return 0;
	header[100 - 1] = 0;
	const char *name = known(header);
	memcpy(size_text, header + 124, 12);
	unsigned long size = strtoul(size_text, NULL, 8);
	if (!name)
		refuse("the configuration disk holds a file that means nothing here");
	if (size > FILE_BYTES_MAX)
		refuse("%s is larger than any that makes sense", name);
	size_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
	if (read(disk, bytes, padded) != (ssize_t)padded)
		refuse("%s is cut short on the configuration disk", name);
	keep_file(folder, name, bytes, size, owner);
	return 1;
}

void unpack_given(const char *folder, uid_t owner) {
	char path[64];
	if (!find_disk("sealtune-config", path, sizeof path))
		refuse("there is no disk with the serial sealtune-config");
	int disk = open(path, O_RDONLY | O_CLOEXEC);
	if (disk < 0)
		refuse("cannot read the configuration disk: %s", strerror(errno));
	/* Two empty blocks end an archive; the names are different, so there are at most as many as we know. */
	while (unpack_entry(disk, folder, owner))
		continue;
	close(disk);
}
