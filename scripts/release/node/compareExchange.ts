/**
 * libatomic's `bool __atomic_compare_exchange(size_t size, void *object, void *expected, void *desired, int, int)` for
 * 8 bytes, in machine code that has no address in it; another size ends the process by an illegal instruction. By ELF's
 * number of the machine.
 */
export const compareExchange: ReadonlyMap<number, Buffer> = new Map([
  [
    // x86-64, System V: rdi, rsi, rdx, rcx
    62,
    Buffer.from(
      [
        '4883ff08', // cmp rdi, 8
        '7512', // jne trap
        '488b02', // mov rax, [rdx]
        '488b09', // mov rcx, [rcx]
        'f0480fb10e', // lock cmpxchg [rsi], rcx
        '488902', // mov [rdx], rax
        '0f94c0', // sete al
        'c3', // ret
        '0f0b', // trap: ud2
      ].join(''),
      'hex',
    ),
  ],
  [
    // AArch64: x0, x1, x2, x3
    183,
    words([
      0xf1_00_20_1f, // cmp x0, #8
      0x54_00_01_c1, // b.ne trap
      0xf9_40_00_49, // ldr x9, [x2]
      0xf9_40_00_6a, // ldr x10, [x3]
      0xc8_5f_fc_2b, // again: ldaxr x11, [x1]
      0xeb_09_01_7f, // cmp x11, x9
      0x54_00_00_a1, // b.ne other
      0xc8_0c_fc_2a, // stlxr w12, x10, [x1]
      0x35_ff_ff_8c, // cbnz w12, again
      0x52_80_00_20, // mov w0, #1
      0xd6_5f_03_c0, // ret
      0xd5_03_3f_5f, // other: clrex
      0xf9_00_00_4b, // str x11, [x2]
      0x52_80_00_00, // mov w0, #0
      0xd6_5f_03_c0, // ret
      0xd4_20_00_00, // trap: brk #0
    ]),
  ],
]);

function words(all: readonly number[]): Buffer {
  const bytes = Buffer.alloc(all.length * 4);
  for (const [index, word] of all.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
}
