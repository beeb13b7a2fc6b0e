//! The semihosting console, in the few calls that are needed: Arm's "Semihosting for `AArch32` and
//! `AArch64`", chapters 5 and 6.

#![expect(unsafe_code, reason = "a breakpoint that the debugger answers")]

use core::arch::asm;

const SYS_WRITE: usize = 0x05;
const SYS_READ: usize = 0x06;
const SYS_OPEN: usize = 0x01;
const SYS_EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;
/// Modes of opening `:tt`: as standard input, output and error.
const STDIN: usize = 0;
const STDOUT: usize = 4;
#[cfg(feature = "measure-stack")]
const STDERR: usize = 8;

/// Fills `values`; whether there was enough.
pub(crate) fn read(values: &mut [i8]) -> bool {
    transfer(SYS_READ, STDIN, values.as_mut_ptr().addr(), values.len())
}

/// Writes `values`.
pub(crate) fn write(values: &[i8]) {
    transfer(SYS_WRITE, STDOUT, values.as_ptr().addr(), values.len());
}

/// Writes bytes to the error stream.
#[cfg(feature = "measure-stack")]
pub(crate) fn write_error(bytes: &[u8]) {
    transfer(SYS_WRITE, STDERR, bytes.as_ptr().addr(), bytes.len());
}

/// Ends the program.
pub(crate) fn exit(status: usize) -> ! {
    loop {
        call(SYS_EXIT_EXTENDED, &[APPLICATION_EXIT, status]);
    }
}

/// Reads or writes all of the memory; whether nothing is left over.
#[inline(never)]
fn transfer(number: usize, stream: usize, mut start: usize, mut len: usize) -> bool {
    // The console is opened again each time, which costs nothing but the call: no handle to keep.
    let handle = call(SYS_OPEN, &[c":tt".as_ptr().addr(), stream, 3]);
    while len > 0 {
        let left = call(number, &[handle, start, len]);
        if left == len {
            return false;
        }
        start += len - left;
        len = left;
    }
    true
}

/// Asks the debugger.
#[inline(never)]
fn call(number: usize, block: &[usize]) -> usize {
    let mut answer = number;
    // SAFETY: the debugger reads the block, and reads or writes memory that the block names: that of
    // a slice which the caller of `read` or `write` has lent.
    unsafe { asm!("bkpt 0xab", inout("r0") answer, in("r1") block.as_ptr()) };
    answer
}
