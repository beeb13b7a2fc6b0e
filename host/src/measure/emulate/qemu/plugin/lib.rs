//! QEMU TCG plugin: how often each guest instruction ran and how often control did not fall through behind it, by phase.
//!
//! Not part of the host crate: the host has the user's rustc compile this file on first use. Only the documented plugin
//! interface of QEMU is used; its few declarations are written out below, so neither headers nor crates are needed.
//!
//! Arguments: `out=FILE` and optionally `mark=A`, `fault=A`, `limit=N`. A is the address of a guest function: `mark` opens
//! a phase each time it is entered, `fault` (the HardFault handler) ends the run, as do N instructions.
//!
//! Output, one item per line: `P n` opens phase n, `pc size executed taken` (pc in hexadecimal) follows for each
//! instruction of the phase; the last line says how the run ended: `E` by itself, `F pc` by a fault in the block at pc,
//! `L pc` at the limit, `S pc` in a branch to itself.
//!
//! Counting is per translation block, which is exact: a block has one entry, and no instruction but the last leaves it
//! without a fault. Conditional instructions in an IT block count whether or not their condition holds.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which interface this build speaks; what is used here is the same in all of them.
#[unsafe(no_mangle)]
pub static qemu_plugin_version: c_int = match c_int::from_str_radix(env!("TIIVIS_PLUGIN_API"), 10) {
    Ok(version) => version,
    Err(_) => panic!("TIIVIS_PLUGIN_API must be a number"),
};

type PluginId = u64;

#[repr(C)]
pub struct QemuBlock {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct QemuInstruction {
    _opaque: [u8; 0],
}

/// The callback reads no guest registers.
const NO_REGISTERS: c_int = 0;

unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: PluginId, callback: extern "C" fn(PluginId, *mut QemuBlock));
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut QemuBlock,
        callback: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_atexit_cb(
        id: PluginId,
        callback: extern "C" fn(PluginId, *mut c_void),
        data: *mut c_void,
    );
    fn qemu_plugin_tb_n_insns(block: *const QemuBlock) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const QemuBlock, index: usize) -> *mut QemuInstruction;
    fn qemu_plugin_insn_size(instruction: *const QemuInstruction) -> usize;
    fn qemu_plugin_insn_vaddr(instruction: *const QemuInstruction) -> u64;
    /// Ends the process without the exit handlers of QEMU, which would wait for the thread that calls it.
    fn _exit(status: c_int) -> !;
}

/// A translated run of instructions.
struct Block {
    /// Address and size of each instruction.
    instructions: Vec<(u64, u8)>,
    /// Address behind the last one.
    end: u64,
    executed: u64,
    /// Times the next block did not start at `end`.
    taken: u64,
}

impl Block {
    fn start(&self) -> u64 {
        self.instructions[0].0
    }

    /// Notes that the block at `next` ran behind this one.
    fn leave(&mut self, next: u64) {
        if let Some((last, size)) = self.instructions.last_mut() {
            // A size QEMU reported too large (see `on_translate`): no instruction jumps into its own second half.
            if next == *last + 2 {
                *size = 2;
                self.end = next;
            }
        }
        if next != self.end {
            self.taken += 1;
        }
    }
}

struct Counter {
    out: BufWriter<File>,
    mark: Option<u64>,
    fault: Option<u64>,
    limit: u64,
    /// Every block ever translated. QEMU may translate one anew; `close_phase` adds them up by address.
    blocks: Vec<Block>,
    previous: Option<usize>,
    executed: u64,
    phase: u64,
}

/// The callbacks carry no state of their own worth a pointer: they pass the index of a block here.
static COUNTER: Mutex<Option<Counter>> = Mutex::new(None);

fn counter() -> MutexGuard<'static, Option<Counter>> {
    COUNTER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counter {
    fn enter(&mut self, index: usize) {
        let start = self.blocks[index].start();
        if let Some(previous) = self.previous.map(|previous| &mut self.blocks[previous]) {
            previous.leave(start);
            let from = previous.start();
            if self.fault == Some(start) {
                self.end(&format!("F {from:x}"));
            }
            if from == start && self.blocks[index].instructions.len() == 1 {
                self.end(&format!("S {start:x}"));
            }
        }
        self.previous = Some(index);
        if self.mark == Some(start) {
            self.close_phase();
        }
        if self.executed >= self.limit {
            self.end(&format!("L {start:x}"));
        }
        let block = &mut self.blocks[index];
        block.executed += 1;
        self.executed += block.instructions.len() as u64;
    }

    fn close_phase(&mut self) {
        let mut counts = BTreeMap::<u64, (u8, u64, u64)>::new();
        for block in self.blocks.iter_mut().filter(|block| block.executed > 0) {
            for (address, size) in &block.instructions {
                let count = counts.entry(*address).or_insert((*size, 0, 0));
                count.0 = count.0.min(*size);
                count.1 += block.executed;
                if address + u64::from(*size) == block.end {
                    count.2 += block.taken;
                }
            }
            block.executed = 0;
            block.taken = 0;
        }
        // A failed write shows as a missing last line.
        let _ = writeln!(self.out, "P {}", self.phase);
        for (address, (size, executed, taken)) in counts {
            let _ = writeln!(self.out, "{address:x} {size} {executed} {taken}");
        }
        self.phase += 1;
    }

    /// Closes the output with `line`.
    fn finish(&mut self, line: &str) {
        self.close_phase();
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }

    fn end(&mut self, line: &str) -> ! {
        self.finish(line);
        // SAFETY: `_exit` may be called from any thread at any time.
        unsafe { _exit(1) }
    }
}

extern "C" fn on_translate(_id: PluginId, block: *mut QemuBlock) {
    // SAFETY: QEMU passes a block that is valid during this callback.
    let len = unsafe { qemu_plugin_tb_n_insns(block) };
    let mut instructions: Vec<(u64, u8)> = Vec::with_capacity(len);
    for index in 0..len {
        // SAFETY: as above, and `index` is below the number of instructions QEMU gave.
        let instruction = unsafe { qemu_plugin_tb_get_insn(block, index) };
        // SAFETY: the instruction belongs to the block and is valid as long.
        let address = unsafe { qemu_plugin_insn_vaddr(instruction) };
        // SAFETY: as above.
        let size = unsafe { qemu_plugin_insn_size(instruction) };
        if let Some((before, size)) = instructions.last_mut() {
            *size = if address == *before + 2 { 2 } else { 4 };
        }
        // Before the end of a page QEMU looks ahead and counts what it sees to the instruction before: 6 means 4, and
        // 4 may mean 2. The address of the next instruction tells, and for the last of the block `Block::leave`.
        instructions.push((address, if size == 2 { 2 } else { 4 }));
    }
    let Some(&(last, size)) = instructions.last() else { return };
    let mut counter = counter();
    let Some(counter) = counter.as_mut() else { return };
    let index = counter.blocks.len();
    counter.blocks.push(Block { instructions, end: last + u64::from(size), executed: 0, taken: 0 });
    // The index travels in place of a pointer and is never followed as one.
    let data = std::ptr::without_provenance_mut(index);
    // SAFETY: QEMU passes a block that is valid during this callback; `on_execute` takes any index.
    unsafe { qemu_plugin_register_vcpu_tb_exec_cb(block, on_execute, NO_REGISTERS, data) }
}

extern "C" fn on_execute(_cpu: c_uint, data: *mut c_void) {
    if let Some(counter) = counter().as_mut() {
        counter.enter(data.addr());
    }
}

extern "C" fn on_exit(_id: PluginId, _data: *mut c_void) {
    if let Some(counter) = counter().as_mut() {
        counter.finish("E");
    }
}

fn parse(arguments: &[String]) -> Result<Counter, String> {
    let (mut out, mut mark, mut fault, mut limit) = (None, None, None, u64::MAX);
    for argument in arguments {
        let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{argument}: {error}"));
        match argument.split_once('=') {
            Some(("out", path)) => out = Some(File::create(path).map_err(|error| format!("{path}: {error}"))?),
            Some(("mark", address)) => mark = Some(number(address)?),
            Some(("fault", address)) => fault = Some(number(address)?),
            Some(("limit", count)) => limit = number(count)?,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    let out = BufWriter::new(out.ok_or("no out=FILE given")?);
    Ok(Counter { out, mark, fault, limit, blocks: Vec::new(), previous: None, executed: 0, phase: 0 })
}

/// Called once by QEMU; a non-zero result refuses to load.
#[unsafe(no_mangle)]
pub extern "C" fn qemu_plugin_install(
    id: PluginId,
    _info: *const c_void,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let mut arguments = Vec::new();
    for index in 0..usize::try_from(argc).unwrap_or(0) {
        // SAFETY: QEMU passes an array of `argc` pointers.
        let argument = unsafe { argv.add(index).read() };
        // SAFETY: each points to a string that ends in zero and lives during this call.
        let argument = unsafe { CStr::from_ptr(argument) };
        arguments.push(argument.to_string_lossy().into_owned());
    }
    match parse(&arguments) {
        Ok(new) => *counter() = Some(new),
        Err(message) => {
            eprintln!("tiivis plugin: {message}");
            return 1;
        }
    }
    // SAFETY: `id` is the one QEMU gave to this plugin; the callback is a function that lives as long as the library.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate) };
    // SAFETY: as above; the callback ignores its data.
    unsafe { qemu_plugin_register_atexit_cb(id, on_exit, std::ptr::null_mut()) };
    0
}
