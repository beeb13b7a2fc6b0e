//! A blob that has been proven sound.
#![expect(unsafe_code, reason = "`trusted` is declared unsafe")]

use crate::blob::{
    DType, FrontendSpec, Initial, MAX_FRONTENDS, MAX_PORTS, Port, Preamble, Program, State, Step,
    Trace, decode,
};
use crate::data::Data;
use crate::error::{ParseError, PortKind, RunError};
use crate::fault::Fault;
use crate::frontend;
use crate::op_set::{All, Operators};
use crate::ops::{self, Bounds};
use crate::session::Session;
use core::marker::PhantomData;
use serde::Deserialize;

/// A model, executed in place from the bytes it was parsed from.
///
/// Holds no copy of anything: lists are decoded item by item when they are asked for.
///
/// `O` are the operators that it can run, [`All`] where nothing else is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a, O = All> {
    program: Program<'a>,
    data: Data<'a>,
    operators: PhantomData<O>,
}

impl<'a> Model<'a> {
    /// Reads a blob and proves that it can be run: checksum, versions, and for every port and step
    /// that offsets, shapes, scales and tables are in range and outputs overlap no inputs (see
    /// `FORMAT.md`, "What a runtime proves"). That the values of one step survive until another
    /// reads them is the compiler's to prove; a blob where they do not gives wrong values, no
    /// undefined behaviour.
    ///
    /// # Errors
    ///
    /// See [`ParseError`]. No bytes make it panic.
    pub fn parse(blob: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_with::<All>(blob)
    }

    /// As [`Model::parse`], for a program that links no other operators than `O`.
    ///
    /// # Errors
    ///
    /// Also [`Fault::Unlinked`] and [`Fault::UnlinkedFrontend`], for a model that needs more.
    pub fn parse_with<O: Operators>(blob: &'a [u8]) -> Result<Model<'a, O>, ParseError> {
        if !blob.as_ptr().addr().is_multiple_of(crate::ALIGNMENT) {
            return Err(ParseError::Misaligned);
        }
        let preamble = Preamble::parse(blob)?;
        if blob.len() != crate::index(preamble.total_len) {
            return Err(ParseError::Length {
                stated: preamble.total_len,
                found: u32::try_from(blob.len()).unwrap_or(u32::MAX),
            });
        }
        let computed = Preamble::checksum_of(blob);
        if computed != preamble.checksum {
            return Err(ParseError::Checksum {
                stated: preamble.checksum,
                computed,
            });
        }
        let (_, padding, _) = preamble.split(blob);
        if padding.iter().any(|&byte| byte != 0) {
            return Err(ParseError::Preamble(Fault::Reserved));
        }
        let model = Model::open(&preamble, blob)?;
        model.prove()?;
        Ok(model)
    }

    /// The model of a program and its data that have been proven elsewhere: before the firmware that
    /// holds them was built, say. Of the proofs, and of decoding a program, there is no code.
    ///
    /// Lists of `program` that nobody will ask for may be left out, their counts 0: a run needs steps
    /// and states only.
    ///
    /// # Safety
    ///
    /// [`Model::parse_with`] of this version of the runtime accepts, for `O`, a blob of this data and
    /// a program with these steps, states and arena; and the data lies as aligned as in the blob.
    #[must_use]
    pub const unsafe fn trusted<O: Operators>(
        program: Program<'a>,
        data: &'a [u8],
    ) -> Model<'a, O> {
        Model {
            program,
            data: Data(data),
            operators: PhantomData,
        }
    }
}

impl<'a, O: Operators> Model<'a, O> {
    /// The model of a blob as long as its preamble says.
    fn open(preamble: &Preamble, blob: &'a [u8]) -> Result<Self, ParseError> {
        let (mut program, _, data) = preamble.split(blob);
        let decoded = decode(&mut program).map_err(ParseError::Program)?;
        if !program.is_empty() {
            return Err(ParseError::Program(Fault::Trailing));
        }
        Ok(Self {
            program: decoded,
            data: Data(data),
            operators: PhantomData,
        })
    }

    fn prove(&self) -> Result<(), ParseError> {
        let Program {
            arena_bytes,
            input_count,
            output_count,
            layer_count,
            provenance,
            ..
        } = self.program;
        let bounds = Bounds {
            arena_bytes,
            data: self.data,
            element: DType::I8,
        };
        if !matches!(provenance.source_sha256.len(), 0 | 32) {
            return Err(ParseError::Program(Fault::Digest));
        }
        prove_ports(PortKind::Input, input_count, self.inputs(), &bounds)?;
        prove_ports(PortKind::Output, output_count, self.outputs(), &bounds)?;
        prove_states(self.states(), &bounds)?;
        prove_frontends(self, &bounds)?;
        drain(self.labels()).map_err(ParseError::Program)?;
        drain(self.layer_names()).map_err(ParseError::Program)?;
        prove_steps(self.steps(), layer_count, &bounds)
    }

    /// Bytes of arena that a session needs.
    #[must_use]
    pub fn arena_bytes(&self) -> usize {
        crate::index(self.program.arena_bytes)
    }

    /// The program as it stands in the blob.
    #[must_use]
    pub fn program(&self) -> &Program<'a> {
        &self.program
    }

    /// The inputs, 1 to [`MAX_PORTS`].
    #[must_use]
    pub fn inputs(&self) -> Items<'a, Port<'a>> {
        Items::new(self.program.inputs, self.program.input_count)
    }

    /// The outputs, 1 to [`MAX_PORTS`].
    #[must_use]
    pub fn outputs(&self) -> Items<'a, Port<'a>> {
        Items::new(self.program.outputs, self.program.output_count)
    }

    /// Bytes of the arena that survive from one run to the next.
    #[must_use]
    pub fn state_bytes(&self) -> u64 {
        self.states().map(|state| u64::from(state.span.len)).sum()
    }

    /// What survives from one run to the next.
    #[must_use]
    pub fn states(&self) -> Items<'a, State> {
        Items::new(self.program.states, self.program.state_count)
    }

    /// The steps in the order of execution.
    #[must_use]
    pub fn steps(&self) -> Steps<'a, O> {
        Steps {
            items: Items::new(self.program.steps, self.program.step_count),
            operators: PhantomData,
        }
    }

    /// The front-ends, none if inputs are fed with features.
    #[must_use]
    pub fn frontends(&self) -> Items<'a, FrontendSpec> {
        Items::new(self.program.frontends, self.program.frontend_count)
    }

    /// The names of the classes, none if the model has none.
    #[must_use]
    pub fn labels(&self) -> Items<'a, &'a str> {
        Items::new(self.program.labels, self.program.label_count)
    }

    /// The names of the layers that [`Step::layer`] counts, none if they were stripped.
    #[must_use]
    pub fn layer_names(&self) -> Items<'a, &'a str> {
        let names = self.program.layer_names;
        let count = if names.is_empty() {
            0
        } else {
            self.program.layer_count
        };
        Items::new(names, count)
    }

    /// What layers compute and where it is found, none if they were stripped. They are not proven:
    /// the list ends where one cannot be decoded, and spans need not lie in the arena.
    #[must_use]
    pub fn traces(&self) -> Items<'a, Trace> {
        Items::new(self.program.traces, self.program.trace_count)
    }

    pub(crate) fn data(&self) -> Data<'a> {
        self.data
    }

    /// The data part of the blob.
    #[must_use]
    pub fn data_bytes(&self) -> &'a [u8] {
        self.data.0
    }

    /// Makes the model ready to run in `arena`, of which the first [`Model::arena_bytes`] are used
    /// and the rest left alone. What is in it does not matter: states get their initial values, as by
    /// [`Session::reset`].
    ///
    /// # Errors
    ///
    /// [`RunError::ArenaTooSmall`] and [`RunError::ArenaMisaligned`].
    pub fn session<'s>(&'s self, arena: &'s mut [i8]) -> Result<Session<'s, 'a, O>, RunError> {
        let found = arena.len();
        if !arena.as_ptr().addr().is_multiple_of(crate::ALIGNMENT) {
            return Err(RunError::ArenaMisaligned);
        }
        match arena.get_mut(..self.arena_bytes()) {
            Some(arena) => Ok(Session::new(self, arena)),
            None => Err(RunError::ArenaTooSmall {
                needed: self.arena_bytes(),
                found,
            }),
        }
    }
}

/// Items that lie one after the other in a blob, decoded as they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Items<'a, T> {
    bytes: &'a [u8],
    remaining: u32,
    item: PhantomData<T>,
}

impl<'a, T: Deserialize<'a>> Items<'a, T> {
    fn new(bytes: &'a [u8], count: u32) -> Self {
        Self {
            bytes,
            remaining: count,
            item: PhantomData,
        }
    }

    fn try_next(&mut self) -> Result<Option<T>, Fault> {
        self.try_next_by(decode)
    }

    /// The next item, as `take` takes it from the front of the bytes.
    fn try_next_by(
        &mut self,
        take: impl FnOnce(&mut &'a [u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        if self.remaining == 0 {
            return Ok(None);
        }
        self.remaining -= 1;
        take(&mut self.bytes).map(Some)
    }

    /// After the last item: nothing is left over.
    fn finish(&self) -> Result<(), Fault> {
        if self.remaining == 0 && self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Fault::Trailing)
        }
    }
}

impl<'a, T: Deserialize<'a>> Iterator for Items<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // `Model::parse` has decoded every list once, so that an error does not come up.
        self.try_next().unwrap_or(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = crate::index(self.remaining);
        (remaining, Some(remaining))
    }
}

impl<'a, T: Deserialize<'a>> ExactSizeIterator for Items<'a, T> {}

/// The steps of a program, decoded as they are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a, O = All> {
    items: Items<'a, Step>,
    operators: PhantomData<O>,
}

impl<O: Operators> Steps<'_, O> {
    fn try_next(&mut self) -> Result<Option<Step>, Fault> {
        self.items.try_next_by(Step::take::<O>)
    }

    /// After the last step: nothing is left over.
    fn finish(&self) -> Result<(), Fault> {
        self.items.finish()
    }
}

impl<O: Operators> Iterator for Steps<'_, O> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        // `Model::parse` has decoded every step once, so that an error does not come up.
        self.try_next().unwrap_or(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<O: Operators> ExactSizeIterator for Steps<'_, O> {}

/// Decodes a whole list.
fn drain<'a, T: Deserialize<'a>>(mut items: Items<'a, T>) -> Result<(), Fault> {
    while items.try_next()?.is_some() {}
    items.finish()
}

fn prove_ports<'a>(
    kind: PortKind,
    count: u32,
    mut ports: Items<'a, Port<'a>>,
    bounds: &Bounds<'_>,
) -> Result<(), ParseError> {
    if count == 0 || crate::index(count) > MAX_PORTS {
        return Err(ParseError::Program(Fault::Count));
    }
    for index in 0..count {
        let proven = ports.try_next().and_then(|port| match port {
            Some(port) => prove_port(&port, bounds),
            None => Err(Fault::Count),
        });
        proven.map_err(|fault| ParseError::Port { kind, index, fault })?;
    }
    ports.finish().map_err(ParseError::Program)
}

fn prove_port(port: &Port<'_>, bounds: &Bounds<'_>) -> Result<(), Fault> {
    if port.shape.first() != Some(&1) {
        return Err(Fault::Batch);
    }
    bounds.tensor(port.span, &port.shape, port.dtype)?;
    let mut axes = (0u8..).take(port.shape.len());
    if port.source_axes.len() != port.shape.len()
        || !axes.all(|axis| port.source_axes.contains(&axis))
    {
        return Err(Fault::Permutation);
    }
    // Positive and finite, without arithmetic that a small core has no unit for: positive floats
    // are ordered as their bits, and infinity comes before the NaNs.
    if !(1..f32::INFINITY.to_bits()).contains(&port.scale.to_bits()) {
        return Err(Fault::PortScale);
    }
    if port.dtype == DType::Bool && port.zero_point != 0 {
        return Err(Fault::ZeroPoint);
    }
    ops::value_of(port.dtype, port.zero_point)
}

fn prove_states(mut states: Items<'_, State>, bounds: &Bounds<'_>) -> Result<(), ParseError> {
    let mut index = 0;
    let error = |index| move |fault| ParseError::State { index, fault };
    while let Some(state) = states.try_next().map_err(error(index))? {
        bounds
            .activation(state.span, &[state.span.len])
            .map_err(error(index))?;
        if let Initial::Data(span) = state.initial {
            bounds.int8(span, state.span.len).map_err(error(index))?;
        }
        index += 1;
    }
    states.finish().map_err(ParseError::Program)
}

fn prove_frontends<O: Operators>(
    model: &Model<'_, O>,
    bounds: &Bounds<'_>,
) -> Result<(), ParseError> {
    let mut specs = model.frontends();
    let count = model.program.frontend_count;
    if !O::SET.has_frontends() && count != 0 {
        return Err(ParseError::Frontend {
            index: 0,
            fault: Fault::UnlinkedFrontend,
        });
    }
    if crate::index(count) > MAX_FRONTENDS {
        return Err(ParseError::Program(Fault::Count));
    }
    for index in 0..count {
        let proven = specs.try_next().and_then(|spec| match spec {
            Some(spec) => prove_frontend(&spec, model.inputs(), bounds),
            None => Err(Fault::Count),
        });
        proven.map_err(|fault| ParseError::Frontend { index, fault })?;
    }
    specs.finish().map_err(ParseError::Program)
}

/// A front-end fills an input that the model has.
fn prove_frontend<'a>(
    spec: &FrontendSpec,
    mut inputs: Items<'a, Port<'a>>,
    bounds: &Bounds<'_>,
) -> Result<(), Fault> {
    let port = inputs.nth(crate::index(spec.input)).ok_or(Fault::Count)?;
    if port.dtype != DType::I8 {
        return Err(Fault::DType);
    }
    if spec.frames.checked_mul(spec.features) != Some(port.span.len) {
        return Err(Fault::Length);
    }
    frontend::check(spec, bounds)
}

fn prove_steps<O: Operators>(
    mut steps: Steps<'_, O>,
    layer_count: u32,
    bounds: &Bounds<'_>,
) -> Result<(), ParseError> {
    let mut index = 0;
    let error = |index| move |fault| ParseError::Step { index, fault };
    while let Some(step) = steps.try_next().map_err(error(index))? {
        if step.layer >= layer_count {
            return Err(ParseError::Step {
                index,
                fault: Fault::Layer,
            });
        }
        ops::check::<O>(&step.op, bounds).map_err(error(index))?;
        index += 1;
    }
    steps.finish().map_err(ParseError::Program)
}
