// Advisory locks of PostgreSQL that a process holds until it lets go of them or is gone. Whoever asks twice has it once.

export interface Locks {
  /** Returns false when somebody else has it, in whatever form. */
  tryOne(key: string): Promise<boolean>;
  /** Together with others who take it so; waits while somebody has it alone. */
  share(key: string): Promise<void>;
  release(key: string): Promise<void>;
  /** Has nobody else the lock? Ours does not count. */
  isFree(key: string): Promise<boolean>;
  /** Connects, or sees whether the connection is alive and its server the primary. @throws when not; what was held is to be taken again */
  use(): Promise<void>;
  /** Lets go of all. */
  close(): Promise<void>;
}
