/* The first process of the confidential VM, in parts. Each part either does what it says or ends the machine. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#define NODE_ID 990
#define TEXT_MAX 4096

/* say.c: to the operator's log port, and to the console in the development image. */
void say_open(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_descriptor(void);

/* files.c */
ssize_t read_file(const char *path, char *into, size_t most);
void write_file(const char *path, const char *text);
void make_folder(const char *path, mode_t mode, uid_t owner);
void mount_at(const char *kind, const char *what, const char *where, unsigned long flags, const char *options);
int find_disk(const char *serial, char *path, size_t most);

/* modules.c */
void load_modules(void);

/* root.c: the root file system behind dm-verity, whole or not at all. */
void open_root(const char *command_line, const char *where);

/* given.c: what the host hands in: configuration, wallet, network. */
void unpack_given(const char *folder, uid_t owner);

/* network.c */
void raise_network(const char *path, const char *resolver);

/* keeper.c: starts the node and ends with it. */
_Noreturn void keep(void);
