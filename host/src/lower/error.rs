//! Why a graph has no program.

/// Why a graph cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// Nothing is computed.
    #[error("the network has no output; name at least one")]
    NoOutput,
    /// A port is a constant.
    #[error("input `{port}` is a constant; remove it from the inputs of the network")]
    ConstantPort {
        /// Name of the port.
        port: String,
    },
    /// Two ports name one value.
    #[error("input `{port}` is another input too; name each input once")]
    SharedInput {
        /// Name of the second port.
        port: String,
    },
    /// A state contradicts the rest of the graph.
    #[error("state `{state}` {what}")]
    State {
        /// Name of the state.
        state: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A value is read that nothing computes before.
    #[error("value `{value}` is read but is no input and nothing computes it before")]
    Undefined {
        /// Name of the value.
        value: String,
    },
    /// A node has too many or too few inputs.
    #[error("node `{node}`: expected {expected} inputs, found {found}")]
    Arity {
        /// Name of the node.
        node: String,
        /// Inputs that the operator takes.
        expected: String,
        /// Inputs that there are.
        found: usize,
    },
    /// A value has no elements.
    #[error("value `{value}` has the shape {shape:?}, which holds no elements")]
    Empty {
        /// Name of the value.
        value: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A size does not fit the blob.
    #[error("`{name}`: {what} does not fit 32 bits; use a smaller network or input")]
    TooLarge {
        /// Name of the node or value.
        name: String,
        /// The size.
        what: &'static str,
    },
    /// A tensor has too many axes for its kernel.
    #[error(
        "node `{node}`: {found} axes, but its kernel takes at most 4; \
         merge axes with a reshape before it"
    )]
    Rank {
        /// Name of the node.
        node: String,
        /// Axes that there are.
        found: usize,
    },
    /// A move along too many axes for its kernel.
    #[error(
        "node `{node}`: moves along {found} axes that cannot be joined, but its kernel takes at most \
         {}; split it",
        tiivis_runtime::blob::TAKE_AXES
    )]
    Axes {
        /// Name of the node.
        node: String,
        /// Axes that are left after joining.
        found: usize,
    },
    /// Shapes and parameters of a node contradict each other.
    #[error("node `{node}`: expected {what} of {expected}, found {found}")]
    Mismatch {
        /// Name of the node.
        node: String,
        /// What is measured.
        what: &'static str,
        /// By the rest of the node.
        expected: usize,
        /// By the tensor or list.
        found: usize,
    },
    /// A pooling window lies in the padding entirely.
    #[error("node `{node}`: {what} {index} of the output sees only padding; pad less")]
    EmptyWindow {
        /// Name of the node.
        node: String,
        /// `row` or `column`.
        what: &'static str,
        /// Which one.
        index: usize,
    },
    /// An operator that only moves or selects values would have to rescale them.
    #[error(
        "node `{node}`: input and output must have the same scale and zero point; \
         put a requantization before or after it"
    )]
    ScaleChange {
        /// Name of the node.
        node: String,
    },
    /// Elements of a type that the kernel does not take.
    #[error(
        "node `{node}`: expected {expected} elements, but `{value}` has {found}; put a conversion between"
    )]
    ElementType {
        /// Name of the node.
        node: String,
        /// Name of its input or output.
        value: String,
        /// What the kernel takes.
        expected: String,
        /// What the value has.
        found: &'static str,
    },
    /// Weights of a zero point, where the kernel takes none.
    #[error(
        "node `{node}`: weights of zero point {zero_point}; this kernel takes symmetric ones only"
    )]
    AsymmetricWeights {
        /// Name of the node.
        node: String,
        /// Zero point of the weights.
        zero_point: i32,
    },
    /// Another output than the kernel computes.
    #[error("node `{node}`: the output must have {expected}, found {found}")]
    PrescribedOutput {
        /// Name of the node.
        node: String,
        /// Scale and zero point that the operator prescribes.
        expected: String,
        /// Those of the output.
        found: String,
    },
    /// Reduced axes with too many kept ones between them.
    #[error(
        "node `{node}`: the axes {axes:?} lie too far apart; reduce them one after the other, or \
         transpose the input"
    )]
    Apart {
        /// Name of the node.
        node: String,
        /// Axes that are reduced.
        axes: Vec<usize>,
    },
    /// Positions between which TFLite's arithmetic cannot interpolate.
    #[error(
        "node `{node}`: {from:?} to {to:?} needs positions finer than 1/1024 of a row or column, or \
         beyond the last; resize in steps"
    )]
    Resize {
        /// Name of the node.
        node: String,
        /// Shape of the input.
        from: Vec<usize>,
        /// Shape of the output.
        to: Vec<usize>,
    },
    /// All inputs of a node are constants, or the one that must be an activation is.
    #[error("node `{node}` reads the constant `{value}`; fold it, kernels read activations there")]
    ConstantInput {
        /// Name of the node.
        node: String,
        /// Name of the constant.
        value: String,
    },
    /// An accumulator could overflow.
    #[error(
        "node `{node}`, channel {channel}: the accumulator can reach {bound}, over the 2147483647 \
         that int32 holds; split the layer or scale its weights"
    )]
    Accumulator {
        /// Name of the node.
        node: String,
        /// Output channel.
        channel: usize,
        /// `(|bias| + 255 · Σ|w|) · 2^max(0, shift) + 128`.
        bound: u64,
    },
}
