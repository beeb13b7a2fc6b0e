use super::*;
use crate::elf::fixture::Fixture;
use crate::measure::emulate::Count;

fn priced(code: &[u16]) -> Vec<u8> {
    let image = Image::parse(&Fixture::new(code).build()).unwrap();
    Model::new(&image)
        .base
        .range(0x40..)
        .map(|(_, cycles)| *cycles)
        .collect()
}

#[test]
fn a_load_pipelines_behind_a_single_load_or_store() {
    // ldr r0, [r1]; ldr r2, [r3]; adds r0, r0, r0; ldrb r0, [r1]
    assert_eq!(priced(&[0x6808, 0x681a, 0x1800, 0x7808]), [2, 1, 1, 2]);
    // str r0, [r1]; ldr r2, [r3]; str r0, [r1, r2]; ldr.w r2, [r3], #4
    assert_eq!(
        priced(&[0x6008, 0x681a, 0x5088, 0xf853, 0x2b04]),
        [1, 1, 2, 2]
    );
    // push {r4, lr}; ldr r2, [r3]; padding; ldr r2, [r3]
    assert_eq!(priced(&[0xb510, 0x681a, 0x0000, 0x681a]), [3, 2, 1, 1]);
}

#[test]
fn taken_branches_make_the_range() {
    let image = Image::parse(&Fixture::new(&[0x6808, 0xe7fd]).build()).unwrap();
    let count = |taken| Count {
        size: 2,
        executed: 10,
        taken,
    };
    let phase = Phase {
        counts: [(0x40, count(0)), (0x42, count(9)), (0x2000_0000, count(0))].into(),
    };
    let cost = Model::new(&image).cost(&phase);
    let cycles = Cycles {
        low: 49,
        mid: 58,
        high: 67,
    };
    assert_eq!(
        cost,
        Cost {
            instructions: 30,
            cycles,
            taken: 9
        }
    );
}
