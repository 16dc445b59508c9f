// An option, fault, drift rule or change that the simulator cannot do.

/** Says in one sentence what is wrong with it. */
export class SimulatorOptionError extends Error {
  override readonly name = 'SimulatorOptionError';
}
