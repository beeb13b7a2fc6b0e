//! Messages to the host.

use tiivis_runtime::bench::{CHUNK_BYTES, MESSAGE_BYTES, Message};
use tiivis_runtime::{Model, Session};

/// Sends a message: a log line without a level, so that no filter drops it.
pub(crate) fn send(message: &Message<'_>) {
    let mut buffer = [0; MESSAGE_BYTES];
    match postcard::to_slice(message, &mut buffer) {
        Ok(frame) => defmt::println!("tiivis {=[u8]}", frame),
        // The buffer is as long as the longest message; the host reports the gap.
        Err(_) => defmt::error!("a message does not fit its buffer"),
    }
}

/// Sends every output of the session in chunks.
pub(crate) fn send_outputs(sample: u32, model: &Model<'_>, session: &Session<'_, '_>) {
    for (index, port) in (0..).zip(model.outputs()) {
        defmt::info!(
            "sample {=u32}: output {=u32}, {=u32} bytes",
            sample,
            index,
            port.span.len
        );
        let mut offset = 0;
        // At most eight outputs.
        let values = session.output(usize::try_from(index).unwrap_or(0));
        for chunk in values.chunks(CHUNK_BYTES) {
            let mut bytes = [0; CHUNK_BYTES];
            for (byte, value) in bytes.iter_mut().zip(chunk) {
                *byte = value.cast_unsigned();
            }
            send(&Message::Output {
                sample,
                index,
                offset,
                bytes: &bytes[..chunk.len()],
            });
            offset += u32::try_from(chunk.len()).unwrap_or(0);
        }
    }
}
