//! Why a program has no blob.

use crate::lower::LowerError;
use crate::plan::CheckError;
use tiivis_runtime::ParseError;
use tiivis_runtime::blob::AssembleError;

/// Why a blob cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The plan is wrong.
    #[error("the memory plan is wrong, which is an error of the compiler; please report it")]
    Plan(#[from] CheckError),
    /// A parameter does not fit its kernel.
    #[error(transparent)]
    Parameter(#[from] LowerError),
    /// A ratio of scales is out of a kernel's range.
    #[error(
        "node '{node}': {what} is {found}, out of the kernel's range; \
         calibrate with other data so that the scales lie closer together"
    )]
    Scale {
        /// Name of the node.
        node: String,
        /// What the ratio is for.
        what: &'static str,
        /// The ratio.
        found: f64,
    },
    /// Too many or no inputs or outputs.
    #[error("a blob has 1 to {most} {kind}, the network has {found}")]
    Ports {
        /// `inputs` or `outputs`.
        kind: &'static str,
        /// Most that a blob has.
        most: usize,
        /// What the network has.
        found: usize,
    },
    /// An input or output that a blob cannot describe.
    #[error("'{port}' has the shape {shape:?}; a port has batch 1 and at most {most} axes")]
    PortShape {
        /// Name of the port.
        port: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Most axes.
        most: usize,
    },
    /// Offsets do not fit 32 bits.
    #[error("the model is 4 GiB or larger; use a smaller network")]
    TooLarge,
    /// The graph and the program do not belong together.
    #[error("the program is not this graph's, which is an error of the compiler: {what}")]
    Foreign {
        /// What the graph lacks.
        what: String,
    },
    /// The encoder failed.
    #[error("the program cannot be encoded")]
    Encode(#[from] postcard::Error),
    /// The parts do not make a blob.
    #[error("the blob cannot be put together")]
    Assemble(#[from] AssembleError),
    /// The runtime does not accept what was written.
    #[error("the runtime refuses the blob, which is an error of the compiler; please report it")]
    Refused(#[source] ParseError),
}
