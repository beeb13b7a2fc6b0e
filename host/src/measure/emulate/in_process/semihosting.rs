//! The semihosting calls that firmware for measuring makes: console and exit.
//!
//! Call numbers, argument blocks and reasons are those of Arm's "Semihosting for `AArch32` and `AArch64`", chapters 4 to 6.

use rsemu::core::space::{AddressSpace, MemAttrs};
use std::collections::VecDeque;
use std::sync::Arc;

/// `ADP_Stopped_ApplicationExit`, the one reason that means success.
const APPLICATION_EXIT: u32 = 0x2_0026;
const FAILED: u32 = u32::MAX;
const STDIN: u32 = 1;
const STDOUT: u32 = 2;
const STDERR: u32 = 3;

/// What a call leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The firmware goes on with this in r0.
    Return(u32),
    /// The firmware ends with this status.
    Exit(u32),
}

/// Why a call cannot be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is none of those served here.
    Unknown { name: &'static str },
    /// Its argument points outside memory.
    BadAddress { address: u32 },
}

/// The firmware's console and its view of memory.
pub(super) struct Console {
    memory: Arc<AddressSpace>,
    /// What has not been read yet.
    stdin: VecDeque<u8>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Console {
    pub(super) fn new(memory: Arc<AddressSpace>, stdin: Vec<u8>) -> Self {
        Self {
            memory,
            stdin: stdin.into(),
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// What the firmware wrote to stdout and stderr.
    pub(super) fn into_streams(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout, self.stderr)
    }

    /// Answers call `number` with `argument`, which is an address or, for `SYS_EXIT`, the reason itself.
    pub(super) fn call(&mut self, number: u32, argument: u32) -> Result<Answer, Refusal> {
        match number {
            0x01 => self.open(argument),
            0x02 => Ok(Answer::Return(0)),
            0x03 => self.write(STDOUT, argument, 1),
            0x04 => self.write_text(argument),
            0x05 => {
                let [handle, start, len] = self.words(argument)?;
                self.write(handle, start, len)
            }
            0x06 => {
                let [handle, start, len] = self.words(argument)?;
                self.read_console(handle, start, len)
            }
            0x18 => Ok(Answer::Exit(u32::from(argument != APPLICATION_EXIT))),
            0x20 => {
                let [reason, code] = self.words(argument)?;
                Ok(Answer::Exit(if reason == APPLICATION_EXIT {
                    code
                } else {
                    1
                }))
            }
            _ => Err(Refusal::Unknown { name: name(number) }),
        }
    }

    /// The halfword at `address`.
    pub(super) fn halfword(&self, address: u32) -> Option<u16> {
        self.read(address).ok().map(u16::from_le_bytes)
    }

    /// `SYS_OPEN` of the console `:tt`; the mode chooses the stream. There are no other files.
    fn open(&self, argument: u32) -> Result<Answer, Refusal> {
        let [path, mode, len] = self.words(argument)?;
        if len != 3 || self.read(path)? != *b":tt" {
            return Ok(Answer::Return(FAILED));
        }
        Ok(Answer::Return(match mode {
            0..4 => STDIN,
            4..8 => STDOUT,
            8..12 => STDERR,
            _ => FAILED,
        }))
    }

    /// `SYS_WRITE0`: up to a zero byte.
    fn write_text(&mut self, start: u32) -> Result<Answer, Refusal> {
        let mut address = start;
        loop {
            let [byte] = self.read(address)?;
            if byte == 0 {
                return Ok(Answer::Return(0));
            }
            self.stdout.push(byte);
            address = address.wrapping_add(1);
        }
    }

    /// `SYS_WRITE`; the answer is how many bytes were left unwritten.
    fn write(&mut self, handle: u32, start: u32, len: u32) -> Result<Answer, Refusal> {
        for offset in 0..len {
            let [byte] = self.read(start.wrapping_add(offset))?;
            match handle {
                STDOUT => self.stdout.push(byte),
                STDERR => self.stderr.push(byte),
                _ => return Ok(Answer::Return(len)),
            }
        }
        Ok(Answer::Return(0))
    }

    /// `SYS_READ`; the answer is how many bytes are missing, all of them at the end of the input.
    fn read_console(&mut self, handle: u32, start: u32, len: u32) -> Result<Answer, Refusal> {
        if handle != STDIN {
            return Ok(Answer::Return(len));
        }
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        let count = wanted.min(self.stdin.len());
        let bytes: Vec<u8> = self.stdin.drain(..count).collect();
        let written = self
            .memory
            .write_bytes(u64::from(start), &bytes, MemAttrs::DEBUG);
        written.map_err(|_| Refusal::BadAddress { address: start })?;
        let count = u32::try_from(count).unwrap_or(len);
        Ok(Answer::Return(len - count))
    }

    fn words<const N: usize>(&self, address: u32) -> Result<[u32; N], Refusal> {
        let mut words = [0; N];
        let mut at = address;
        for word in &mut words {
            *word = u32::from_le_bytes(self.read(at)?);
            at = at.wrapping_add(4);
        }
        Ok(words)
    }

    fn read<const N: usize>(&self, address: u32) -> Result<[u8; N], Refusal> {
        let mut bytes = [0; N];
        let read = self
            .memory
            .read_bytes(u64::from(address), &mut bytes, MemAttrs::DEBUG);
        read.map(|()| bytes)
            .map_err(|_| Refusal::BadAddress { address })
    }
}

/// Name of a call that is not served.
fn name(number: u32) -> &'static str {
    match number {
        0x07 => "SYS_READC",
        0x08 => "SYS_ISERROR",
        0x09 => "SYS_ISTTY",
        0x0a => "SYS_SEEK",
        0x0c => "SYS_FLEN",
        0x0d => "SYS_TMPNAM",
        0x0e => "SYS_REMOVE",
        0x0f => "SYS_RENAME",
        0x10 => "SYS_CLOCK",
        0x11 => "SYS_TIME",
        0x12 => "SYS_SYSTEM",
        0x13 => "SYS_ERRNO",
        0x15 => "SYS_GET_CMDLINE",
        0x16 => "SYS_HEAPINFO",
        0x30 => "SYS_ELAPSED",
        0x31 => "SYS_TICKFREQ",
        _ => "of unknown name",
    }
}
