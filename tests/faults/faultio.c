/* A disk that is slow or fails, for one program: loaded before libc, it takes fsync, fdatasync and
 * writes to the files whose path contains FAULTIO_PATH, and does what the file FAULTIO_SAYS says at
 * that moment: "slow 200" (milliseconds), "eio once", "eio", "read-only", or nothing. Each flush is
 * noted in FAULTIO_NOTES: when it began and ended, by the monotonic clock, and its result.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int ours(int fd)
{
	const char *wanted = getenv("FAULTIO_PATH");
	char link[64], path[4096];
	if (!wanted)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length < 0)
		return 0;
	path[length] = 0;
	return strstr(path, wanted) != NULL;
}

static void said(char *text, size_t size)
{
	const char *file = getenv("FAULTIO_SAYS");
	int fd = file ? syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0) : -1;
	ssize_t length = fd < 0 ? -1 : syscall(SYS_read, fd, text, size - 1);
	text[length > 0 ? length : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static void note(const char *call, double began, int result)
{
	const char *file = getenv("FAULTIO_NOTES");
	char line[128];
	int length = snprintf(line, sizeof line, "%s %.6f %.6f %d\n", call, began, now(), result);
	int fd = file ? syscall(SYS_openat, AT_FDCWD, file,
				O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (fd >= 0) {
		syscall(SYS_write, fd, line, length);
		close(fd);
	}
}

static int flush(const char *call, long number, int fd)
{
	char text[64];
	int milliseconds, failing, result;
	double began = now();
	if (!ours(fd))
		return syscall(number, fd);
	said(text, sizeof text);
	if (sscanf(text, "slow %d", &milliseconds) == 1)
		usleep(milliseconds * 1000);
	failing = !strncmp(text, "eio", 3) || !strncmp(text, "read-only", 9);
	/* Whoever removes the file is the one that fails. */
	if (failing && !strncmp(text, "eio once", 8))
		failing = !unlink(getenv("FAULTIO_SAYS"));
	result = failing ? -1 : syscall(number, fd);
	note(call, began, result);
	if (failing)
		errno = EIO;
	return result;
}

int fsync(int fd) { return flush("fsync", SYS_fsync, fd); }

int fdatasync(int fd) { return flush("fdatasync", SYS_fdatasync, fd); }

static int closed(int fd)
{
	char text[64];
	if (!ours(fd))
		return 0;
	said(text, sizeof text);
	if (strncmp(text, "read-only", 9))
		return 0;
	errno = EROFS;
	return 1;
}

ssize_t write(int fd, const void *data, size_t size)
{
	return closed(fd) ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	return closed(fd) ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
	return pwrite64(fd, data, size, at);
}

int ftruncate64(int fd, off64_t size)
{
	return closed(fd) ? -1 : syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
