//! What a Thumb instruction does, as far as a cycle model asks.
//!
//! Follows the encoding tables of the Armv7-M Architecture Reference Manual (DDI 0403), chapter A5, and A6 for
//! floating point. Only what a cost table tells apart is decoded; everything else is [`Class::Other`].

/// What an instruction costs by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Arithmetic, moves, multiplication, IT, hints, system: one issue slot.
    Other,
    /// B, BL, BX, BLX, CBZ, CBNZ.
    Branch,
    /// TBB, TBH.
    TableBranch,
    /// A load of one register: LDR, LDRB, LDRH, LDRSB, LDRSH, LDREX, VLDR.
    Load {
        /// Whether the base register is updated.
        write_back: bool,
    },
    /// A store of one register: STR, STRB, STRH, STREX, VSTR.
    Store {
        /// Whether the address is the sum of two registers.
        register_offset: bool,
    },
    /// LDM, POP, VLDM, VPOP.
    LoadMultiple {
        /// 32-bit words moved.
        words: u8,
    },
    /// STM, PUSH, VSTM, VPUSH.
    StoreMultiple {
        /// 32-bit words moved.
        words: u8,
    },
    /// LDRD, STRD.
    Double,
    /// SDIV, UDIV.
    Divide,
    /// VMLA, VMLS, VNMLA, VNMLS, VFMA, VFMS, VFNMA, VFNMS.
    FloatMultiplyAccumulate,
    /// VDIV, VSQRT.
    FloatDivide,
}

/// Bytes of the instruction that starts with `first`: 2 or 4 (DDI 0403, A5.1).
pub fn instruction_bytes(first: u16) -> u8 {
    if first >= 0xe800 { 4 } else { 2 }
}

/// Class of an instruction; `second` is ignored for 16-bit encodings.
pub fn classify(first: u16, second: u16) -> Class {
    if instruction_bytes(first) == 2 {
        narrow(first)
    } else {
        wide(first, second)
    }
}

/// 16-bit encodings (DDI 0403, A5.2).
fn narrow(code: u16) -> Class {
    match code >> 11 {
        // BX and BLX are the last quarter of "special data instructions and branch and exchange".
        0b01000 if code & 0xff00 == 0x4700 => Class::Branch,
        0b01001 => LOAD,
        0b01010 | 0b01011 => match (code >> 9) & 7 {
            0..=2 => Class::Store {
                register_offset: true,
            },
            _ => LOAD,
        },
        0b01100 | 0b01110 | 0b10000 | 0b10010 => STORE,
        0b01101 | 0b01111 | 0b10001 | 0b10011 => LOAD,
        0b10110 | 0b10111 => miscellaneous(code),
        0b11000 => Class::StoreMultiple {
            words: ones(code & 0xff),
        },
        0b11001 => Class::LoadMultiple {
            words: ones(code & 0xff),
        },
        // Conditions 14 and 15 are UDF and SVC.
        0b11010 | 0b11011 if code & 0x0e00 != 0x0e00 => Class::Branch,
        0b11100 => Class::Branch,
        _ => Class::Other,
    }
}

const LOAD: Class = Class::Load { write_back: false };
const STORE: Class = Class::Store {
    register_offset: false,
};

/// Miscellaneous 16-bit instructions (DDI 0403, A5.2.5).
fn miscellaneous(code: u16) -> Class {
    match code & 0xff00 {
        // The ninth register is LR or PC.
        0xb400 | 0xb500 => Class::StoreMultiple {
            words: ones(code & 0x1ff),
        },
        0xbc00 | 0xbd00 => Class::LoadMultiple {
            words: ones(code & 0x1ff),
        },
        0xb100 | 0xb300 | 0xb900 | 0xbb00 => Class::Branch,
        _ => Class::Other,
    }
}

/// 32-bit encodings (DDI 0403, A5.3).
fn wide(first: u16, second: u16) -> Class {
    match first >> 9 {
        0b111_0100 if first & 0x40 == 0 => multiple(first, second),
        0b111_0100 => double_exclusive_or_table(first, second),
        0b111_0110 if is_float(second) => float_memory(first, second),
        0b111_0111 if first & 0x100 == 0 && is_float(second) => float_arithmetic(first, second),
        0b111_1000..=0b111_1011 if second & 0x8000 != 0 => branch_or_control(first, second),
        0b111_1100 => single(first, second),
        // Long multiply, long multiply accumulate and divide: op1 is first[6:4], op2 second[7:4].
        0b111_1101 if matches!((first & 0x1f0, second & 0xf0), (0x190 | 0x1b0, 0xf0)) => {
            Class::Divide
        }
        _ => Class::Other,
    }
}

/// Load and store multiple (A5.3.5); the two middle modes are those of the Cortex-M.
fn multiple(first: u16, second: u16) -> Class {
    match ((first >> 7) & 3, first & 0x10 != 0) {
        (1 | 2, true) => Class::LoadMultiple {
            words: ones(second),
        },
        (1 | 2, false) => Class::StoreMultiple {
            words: ones(second),
        },
        _ => Class::Other,
    }
}

/// Load and store dual or exclusive, table branch (A5.3.6).
fn double_exclusive_or_table(first: u16, second: u16) -> Class {
    let (indexed, up, write_back) = (first & 0x100 != 0, first & 0x80 != 0, first & 0x20 != 0);
    let load = first & 0x10 != 0;
    match (indexed || write_back, up, load) {
        (true, _, _) => Class::Double,
        (false, false, true) => LOAD,
        (false, false, false) => STORE,
        (false, true, true) => match (second >> 4) & 15 {
            0 | 1 => Class::TableBranch,
            // LDREXB. The model's reference prices LDREXH, STREXB and STREXH as anything else.
            4 => LOAD,
            _ => Class::Other,
        },
        (false, true, false) => Class::Other,
    }
}

/// Branches and miscellaneous control (A5.3.4).
fn branch_or_control(first: u16, second: u16) -> Class {
    match (second >> 12) & 5 {
        // B, BL; the encoding of BLX with an address in between does not exist here.
        1 | 5 => Class::Branch,
        // Conditions 14 and 15 are MSR, MRS, hints and barriers.
        0 if first & 0x380 != 0x380 => Class::Branch,
        _ => Class::Other,
    }
}

/// Loads and stores of one register (A5.3.7 to A5.3.10).
fn single(first: u16, second: u16) -> Class {
    let (signed, load) = (first & 0x100 != 0, first & 0x10 != 0);
    let (size, base, target) = ((first >> 5) & 3, first & 15, second >> 12);
    let undefined = size == 3 || signed && (size == 2 || !load) || !load && base == 15;
    // PLD, PLI and the unallocated hints are loads of a byte or halfword to nowhere.
    let hint = load && size != 2 && target == 15;
    let Some(mode) = addressing(first, second).filter(|_| !undefined && !hint) else {
        return Class::Other;
    };
    match (load, mode) {
        // LDRT is the one unprivileged access that the model's reference knows.
        (true, Mode::Unprivileged) if size == 2 => LOAD,
        (_, Mode::Unprivileged) => Class::Other,
        (true, mode) => Class::Load {
            write_back: mode == Mode::WriteBack,
        },
        (false, mode) => Class::Store {
            register_offset: mode == Mode::Register,
        },
    }
}

#[derive(PartialEq, Eq)]
enum Mode {
    Immediate,
    Register,
    WriteBack,
    Unprivileged,
}

/// How [`single`] addresses; `None` for what is undefined.
fn addressing(first: u16, second: u16) -> Option<Mode> {
    let literal = first & 15 == 15;
    if literal || first & 0x80 != 0 {
        return Some(Mode::Immediate);
    }
    if second & 0x800 == 0 {
        return (second & 0x7c0 == 0).then_some(Mode::Register);
    }
    match (second >> 8) & 7 {
        0b100 => Some(Mode::Immediate),
        0b110 => Some(Mode::Unprivileged),
        0b000 | 0b010 => None,
        _ => Some(Mode::WriteBack),
    }
}

/// Whether a coprocessor instruction is for the floating-point unit, coprocessors 10 and 11.
fn is_float(second: u16) -> bool {
    second & 0x0e00 == 0x0a00
}

/// Floating-point data processing (A6.5); with `second` bit 4 set it is a transfer.
fn float_arithmetic(first: u16, second: u16) -> Class {
    match (first & 0xb0, second & 0x40 != 0) {
        _ if second & 0x10 != 0 => Class::Other,
        (0x00 | 0x10 | 0x90 | 0xa0, _) => Class::FloatMultiplyAccumulate,
        (0x80, false) => Class::FloatDivide,
        (0xb0, true) if first & 15 == 1 && second & 0x80 != 0 => Class::FloatDivide,
        _ => Class::Other,
    }
}

/// Loads and stores of floating-point registers (A6.6).
fn float_memory(first: u16, second: u16) -> Class {
    let load = first & 0x10 != 0;
    // P, U, W.
    match (first & 0x100 != 0, first & 0x80 != 0, first & 0x20 != 0) {
        (true, _, false) if load => LOAD,
        (true, _, false) => STORE,
        (false, true, _) | (true, false, true) => {
            let words = second & 0xff;
            let is_double = second & 0x100 != 0;
            match u8::try_from(words) {
                // An odd number of words in double registers is FLDMX or FSTMX, long deprecated.
                Ok(words) if !(is_double && words % 2 == 1) && load => {
                    Class::LoadMultiple { words }
                }
                Ok(words) if !(is_double && words % 2 == 1) => Class::StoreMultiple { words },
                _ => Class::Other,
            }
        }
        _ => Class::Other,
    }
}

fn ones(list: u16) -> u8 {
    u8::try_from(list.count_ones()).expect("a halfword has at most 16 bits set")
}

#[cfg(test)]
mod tests;
