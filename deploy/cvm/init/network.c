/* One interface with the address the host gave. A file of lines `address A/N`, `gateway A`, `resolver A`. */
#include "init.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in parsed(const char *text) {
	struct sockaddr_in address = {.sin_family = AF_INET};
	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		refuse("an address in the file network is none");
	return address;
}

static void ask(int socket, unsigned long request, void *argument, const char *doing) {
	if (ioctl(socket, request, argument) != 0)
		refuse("cannot %s: %s", doing, strerror(errno));
}

static void raise_interface(int socket, const char *name) {
	struct ifreq request = {0};
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ask(socket, SIOCSIFFLAGS, &request, "raise an interface");
}

static void give_address(int socket, const char *name, char *text) {
	char *slash = strchr(text, '/');
	if (!slash)
		refuse("the address in the file network has no prefix");
	*slash = 0;
	int bits = atoi(slash + 1);
	if (bits < 1 || bits > 32)
		refuse("the prefix in the file network is none");
	struct ifreq request = {0};
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	struct sockaddr_in address = parsed(text);
	memcpy(&request.ifr_addr, &address, sizeof address);
	ask(socket, SIOCSIFADDR, &request, "set the address");
	address.sin_addr.s_addr = htonl(0xffffffffu << (32 - bits));
	memcpy(&request.ifr_netmask, &address, sizeof address);
	ask(socket, SIOCSIFNETMASK, &request, "set the netmask");
}

static void route_by(int socket, const char *gateway) {
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in any = {.sin_family = AF_INET}, by = parsed(gateway);
	memcpy(&route.rt_dst, &any, sizeof any);
	memcpy(&route.rt_genmask, &any, sizeof any);
	memcpy(&route.rt_gateway, &by, sizeof by);
	ask(socket, SIOCADDRT, &route, "set the route");
}

static void resolve_by(const char *path, const char *resolver) {
	char line[64], plain[INET_ADDRSTRLEN];
	struct sockaddr_in address = parsed(resolver);
	inet_ntop(AF_INET, &address.sin_addr, plain, sizeof plain);
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	int length = snprintf(line, sizeof line, "nameserver %s\n", plain);
	if (file < 0 || write(file, line, (size_t)length) != length)
		refuse("cannot name the resolver: %s", strerror(errno));
	close(file);
}

void raise_network(const char *path, const char *resolver) {
	static char text[TEXT_MAX];
	int talk = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	raise_interface(talk, "lo");
	if (read_file(path, text, sizeof text) < 0)
		return;
	char *rest, *word;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, ' ');
		if (!value)
			refuse("a line of the file network has no value");
		*value++ = 0;
		word = line;
		if (strcmp(word, "address") == 0) {
			give_address(talk, "eth0", value);
			raise_interface(talk, "eth0");
		} else if (strcmp(word, "gateway") == 0)
			route_by(talk, value);
		else if (strcmp(word, "resolver") == 0)
			resolve_by(resolver, value);
		else
			refuse("a line of the file network means nothing here");
	}
	close(talk);
}
