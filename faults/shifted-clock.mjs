// Loaded into the process under test: its clock is wrong by CLOCK_SHIFT_MS, or jumps.
const shift = process.env.CLOCK_SHIFT_MS ?? '0';
const true_ = Date.now.bind(Date);
const wrong = () =>
  true_() + (shift === 'jumping' ? (Math.floor(performance.now() / 1_000) % 2) * 86_400_000 : Number(shift));

globalThis.Date = class extends Date {
  constructor(...args) {
    if (args.length === 0) super(wrong());
    else super(...args);
  }
  static now() {
    return wrong();
  }
};
