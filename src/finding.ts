// What came out when a server was used as the product uses it.

export interface Finding {
  /** `stop`: nothing can work, or not as promised. `mind`: it works, and somebody should know. */
  readonly level: 'well' | 'mind' | 'stop';
  /** What was tried, in a few words. */
  readonly about: string;
  /** One sentence; when not all is well, it says what to do. */
  readonly sentence: string;
  /** A `stop` that may go by itself: a server that is full, or has lost its office to another. Default: false. */
  readonly mayPass?: boolean;
}

/** Two ways to try something may find the same: it is told once. */
export const distinct = (findings: readonly Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [`${finding.about}: ${finding.sentence}`, finding])).values(),
];
