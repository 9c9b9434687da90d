package lxc

/*
#include <errno.h>
#include <fcntl.h>

// Those of the standard descriptors that were closed, a bit each. Go opens
// /dev/null in their place as its first deed (checkfds in its runtime), and from
// there they look like one that somebody chose.
static int deck_closed;

__attribute__((constructor)) static void deck_look_at_stdio(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			deck_closed |= 1 << fd;
}

static int deck_was_closed(int fd) { return deck_closed & 1 << fd; }
*/
import "C"

// wasClosed says whether one of the standard descriptors was closed when the
// process began.
func wasClosed(fd int) bool { return C.deck_was_closed(C.int(fd)) != 0 }
