//! The linker's memory map of a board, out of its TOML file. Included by `build.rs`, and by the
//! host's tests, which hold it against the host's own reading of the same file.

use toml::Table;

/// The text of `memory.x`.
///
/// Flash: the code from the start to the model region. RAM, from below: the stack, so that an
/// overflow leaves RAM and faults instead of writing into the arena; statics; the arena, which is
/// all that is left, so that no size of a model needs another build.
///
/// # Errors
///
/// A text that names the field that is missing or out of range.
#[allow(dead_code, reason = "each of two build scripts needs its own text")]
pub(crate) fn memory_x(board: &Table) -> Result<String, String> {
    let flash_start = number(board, "flash", "start")?;
    let flash_bytes = number(board, "flash", "bytes")?;
    let model_offset = number(board, "flash", "model_offset")?;
    let ram_start = number(board, "ram", "start")?;
    let ram_bytes = number(board, "ram", "bytes")?;
    let stack_bytes = stack_bytes(board)?;
    if model_offset > flash_bytes || stack_bytes > ram_bytes {
        return Err("flash.model_offset or stack_bytes is larger than its memory".into());
    }
    Ok(format!(
        "MEMORY
{{
  FLASH : ORIGIN = {flash_start:#010x}, LENGTH = {model_offset:#x}
  STACK : ORIGIN = {ram_start:#010x}, LENGTH = {stack_bytes:#x}
  RAM   : ORIGIN = {ram_start:#010x} + {stack_bytes:#x}, LENGTH = {:#x}
}}
_stack_end = ORIGIN(STACK);
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
__tiivis_model = {flash_start:#010x} + {model_offset:#x};
__tiivis_model_end = {flash_start:#010x} + {flash_bytes:#x};
__arena_start = ALIGN(__sheap, 16);
__arena_end = ORIGIN(RAM) + LENGTH(RAM);
",
        ram_bytes - stack_bytes
    ))
}

/// The text of `memory.x` for a firmware that holds its model: code and model in flash; in RAM the
/// stack below, as large as asked for or as the board has it, and everything else above.
///
/// # Errors
///
/// As [`memory_x`].
#[allow(dead_code, reason = "each of two build scripts needs its own text")]
pub(crate) fn own_memory_x(board: &Table, stack_bytes: Option<u32>) -> Result<String, String> {
    let flash_start = number(board, "flash", "start")?;
    let flash_bytes = number(board, "flash", "bytes")?;
    let ram_start = number(board, "ram", "start")?;
    let ram_bytes = number(board, "ram", "bytes")?;
    let stack_bytes = match stack_bytes {
        Some(bytes) => bytes,
        None => self::stack_bytes(board)?,
    };
    if stack_bytes > ram_bytes {
        return Err("the stack is larger than RAM".into());
    }
    Ok(format!(
        "MEMORY
{{
  FLASH : ORIGIN = {flash_start:#010x}, LENGTH = {flash_bytes:#x}
  STACK : ORIGIN = {ram_start:#010x}, LENGTH = {stack_bytes:#x}
  RAM   : ORIGIN = {ram_start:#010x} + {stack_bytes:#x}, LENGTH = {:#x}
}}
_stack_end = ORIGIN(STACK);
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
",
        ram_bytes - stack_bytes
    ))
}

fn stack_bytes(board: &Table) -> Result<u32, String> {
    board
        .get("stack_bytes")
        .ok_or("field stack_bytes is missing")?
        .as_integer()
        .and_then(|value| u32::try_from(value).ok())
        .ok_or("field stack_bytes is not an unsigned 32-bit number".into())
}

fn number(board: &Table, table: &str, field: &str) -> Result<u32, String> {
    board
        .get(table)
        .and_then(|fields| fields.get(field))
        .ok_or(format!("field {table}.{field} is missing"))?
        .as_integer()
        .and_then(|value| u32::try_from(value).ok())
        .ok_or(format!(
            "field {table}.{field} is not an unsigned 32-bit number"
        ))
}
