/* The root file system: of exactly the hash that the measured command line names. */
#include "init.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define SECTOR_BYTES 512
#define HASH_DIGITS 64
#define CHUNK_BYTES (1024 * 1024)

struct command {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char words[512];
};

/* The value of `key=` in the command line; the kernel's own parser splits at spaces too. */
static int value_of(const char *line, const char *key, char *into, size_t most) {
	size_t length = strlen(key);
	for (const char *at = line; (at = strstr(at, key)); at += length) {
		if (at != line && at[-1] != ' ')
			continue;
		size_t end = strcspn(at + length, " \n");
		if (end == 0 || end >= most)
			return 0;
		memcpy(into, at + length, end);
		into[end] = 0;
		return 1;
	}
	return 0;
}

static int is_hex(const char *text, size_t digits) {
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static void prepare(struct command *command) {
	memset(command, 0, sizeof *command);
	command->head.version[0] = DM_VERSION_MAJOR;
	command->head.data_size = sizeof *command;
	command->head.data_start = offsetof(struct command, target);
	strcpy(command->head.name, "root");
}

static void tell_mapper(int mapper, unsigned long request, struct command *command, const char *doing) {
	if (ioctl(mapper, request, command) != 0)
		refuse("cannot %s the verified root: %s", doing, strerror(errno));
}

static void map_root(const char *disk, uint64_t blocks, const char *hash, const char *salt) {
	struct command command;
	int mapper = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (mapper < 0)
		refuse("the kernel has no device mapper: %s", strerror(errno));
	prepare(&command);
	command.head.flags = DM_READONLY_FLAG;
	tell_mapper(mapper, DM_DEV_CREATE, &command, "create");

	prepare(&command);
	command.head.flags = DM_READONLY_FLAG;
	command.head.target_count = 1;
	command.target.length = blocks * (BLOCK_BYTES / SECTOR_BYTES);
	strcpy(command.target.target_type, "verity");
	/* The tree lies behind the data, on the same disk. A wrong block later on stops the machine too. */
	snprintf(command.words, sizeof command.words,
		"1 %s %s %d %d %" PRIu64 " %" PRIu64 " sha256 %s %s 1 panic_on_corruption",
		disk, disk, BLOCK_BYTES, BLOCK_BYTES, blocks, blocks, hash, salt);
	tell_mapper(mapper, DM_TABLE_LOAD, &command, "describe");

	prepare(&command);
	tell_mapper(mapper, DM_DEV_SUSPEND, &command, "open");
	close(mapper);
}

/* Every block is read and so verified before anything in it runs: a change anywhere ends the boot here. */
static void read_whole(const char *device, uint64_t blocks) {
	static char chunk[CHUNK_BYTES];
	int file = open(device, O_RDONLY | O_CLOEXEC);
	uint64_t left = blocks * BLOCK_BYTES;
	while (left > 0) {
		ssize_t some = read(file, chunk, left < sizeof chunk ? left : sizeof chunk);
		if (some <= 0)
			refuse("the root file system is not the one of the command line");
		left -= (uint64_t)some;
	}
	close(file);
}

void open_root(const char *command_line, const char *where) {
	char hash[HASH_DIGITS + 1], salt[HASH_DIGITS + 1], count[24], disk[64];
	if (!value_of(command_line, "sealtune.root=", hash, sizeof hash) || !is_hex(hash, HASH_DIGITS))
		refuse("the command line names no root hash");
	if (!value_of(command_line, "sealtune.salt=", salt, sizeof salt) || !is_hex(salt, HASH_DIGITS))
		refuse("the command line names no salt");
	if (!value_of(command_line, "sealtune.blocks=", count, sizeof count))
		refuse("the command line does not say how long the root is");
	uint64_t blocks = strtoull(count, NULL, 10);
	if (blocks == 0 || blocks > UINT32_MAX)
		refuse("a root of %s blocks cannot be", count);
	if (!find_disk("sealtune-root", disk, sizeof disk))
		refuse("there is no disk with the serial sealtune-root");
	map_root(disk, blocks, hash, salt);
	read_whole("/dev/dm-0", blocks);
	mount_at("erofs", "/dev/dm-0", where, MS_RDONLY | MS_NODEV | MS_NOSUID, NULL);
	say("init: the root is %s", hash);
}
