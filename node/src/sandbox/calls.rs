//! Seccomp: the system calls a computing program needs, and no other.
//!
//! A list of what is allowed, so that a call nobody thought of is refused: with
//! `ENOSYS`, which programs take for an older kernel. There is no socket in it, no
//! fork, no io_uring, nothing that reaches into another process or out of this
//! process group, and no way to unsay the death with the parent.

use super::launch::Why;
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};
use std::collections::BTreeMap;

/// linux/prctl.h; the allocator names its mappings with it.
const PR_SET_VMA: u64 = 0x5356_4d41;

#[rustfmt::skip]
const ALLOWED: &[c_long] = &[
    // Bytes of what is open.
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_lseek, libc::SYS_close, libc::SYS_fcntl, libc::SYS_dup,
    libc::SYS_dup3, libc::SYS_ioctl, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate,
    libc::SYS_fallocate, libc::SYS_fadvise64, libc::SYS_copy_file_range, libc::SYS_sendfile, libc::SYS_flock,
    libc::SYS_pipe2, libc::SYS_eventfd2, libc::SYS_ppoll, libc::SYS_pselect6, libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl, libc::SYS_epoll_pwait,
    // Files; Landlock says which.
    libc::SYS_openat, libc::SYS_newfstatat, libc::SYS_fstat, libc::SYS_statx, libc::SYS_statfs, libc::SYS_fstatfs,
    libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_readlinkat, libc::SYS_getdents64, libc::SYS_getcwd,
    libc::SYS_mkdirat, libc::SYS_unlinkat, libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_truncate,
    libc::SYS_fchmod, libc::SYS_utimensat, libc::SYS_umask,
    // Memory.
    libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk,
    libc::SYS_mlock, libc::SYS_munlock, libc::SYS_msync, libc::SYS_mincore, libc::SYS_membarrier,
    libc::SYS_get_mempolicy, libc::SYS_set_mempolicy, libc::SYS_mbind,
    // Signals to itself, threads, waiting.
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack, libc::SYS_restart_syscall, libc::SYS_futex, libc::SYS_set_robust_list,
    libc::SYS_get_robust_list, libc::SYS_rseq, libc::SYS_set_tid_address, libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity, libc::SYS_sched_setaffinity, libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler, libc::SYS_nanosleep, libc::SYS_clock_nanosleep, libc::SYS_exit,
    libc::SYS_exit_group,
    // What it is and what time it is.
    libc::SYS_gettid, libc::SYS_getpid, libc::SYS_getppid, libc::SYS_getuid, libc::SYS_geteuid, libc::SYS_getgid,
    libc::SYS_getegid, libc::SYS_getrlimit, libc::SYS_getrusage, libc::SYS_times, libc::SYS_sysinfo,
    libc::SYS_uname, libc::SYS_getcpu, libc::SYS_getrandom, libc::SYS_clock_gettime, libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    // To become the program; Landlock says which, and there is no fork.
    libc::SYS_execve,
];

/// Older spellings that only this architecture has.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
const ALLOWED_HERE: &[c_long] = &[
    libc::SYS_open, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink, libc::SYS_getdents,
    libc::SYS_poll, libc::SYS_select, libc::SYS_pipe, libc::SYS_dup2, libc::SYS_epoll_wait, libc::SYS_mkdir,
    libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename, libc::SYS_chmod, libc::SYS_time, libc::SYS_arch_prctl,
];

#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[];

pub(super) fn restrict() -> Result<(), Why> {
    let filter = filter().map_err(|error| error.to_string())?;
    apply_filter(&filter).map_err(|error| error.to_string())
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let plain = ALLOWED.iter().chain(ALLOWED_HERE);
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        plain.map(|&call| (call, Vec::new())).collect();
    rules.extend(conditional()?);
    let refused = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter = SeccompFilter::new(
        rules,
        refused,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    filter.try_into()
}

/// Calls that are harmless with some arguments and not with others.
fn conditional() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    Ok(BTreeMap::from([
        // A thread, not a process.
        (
            libc::SYS_clone,
            vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?],
        ),
        // To itself and to nobody else: `abort` and the second SIGTERM.
        (libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, own)?]),
        (libc::SYS_kill, vec![rule(0, SeccompCmpOp::Eq, own)?]),
        (
            libc::SYS_prlimit64,
            vec![
                rule(0, SeccompCmpOp::Eq, 0)?,
                rule(0, SeccompCmpOp::Eq, own)?,
            ],
        ),
        // Names of threads and of mappings; not the death signal, not dumpability.
        (
            libc::SYS_prctl,
            vec![
                rule(
                    0,
                    SeccompCmpOp::Eq,
                    u64::from(libc::PR_SET_NAME.unsigned_abs()),
                )?,
                rule(
                    0,
                    SeccompCmpOp::Eq,
                    u64::from(libc::PR_GET_NAME.unsigned_abs()),
                )?,
                rule(0, SeccompCmpOp::Eq, PR_SET_VMA)?,
            ],
        ),
    ]))
}

fn rule(
    argument: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)?;
    SeccompRule::new(vec![condition])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_leaves_the_process_is_allowed() {
        let all: Vec<_> = ALLOWED.iter().chain(ALLOWED_HERE).collect();
        let forbidden = [
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_connect,
            libc::SYS_io_uring_setup,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_getfd,
            libc::SYS_setpgid,
            libc::SYS_setsid,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_bpf,
            libc::SYS_clone3,
            libc::SYS_execveat,
            libc::SYS_clone,
            libc::SYS_kill,
            libc::SYS_prctl,
        ];

        assert!(forbidden.iter().all(|call| !all.contains(&call)));
    }

    #[test]
    fn the_filter_can_be_built_here() {
        assert!(filter().is_ok_and(|filter| filter.len() > ALLOWED.len()));
    }
}
