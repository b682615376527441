// The types of exercise.cjs.
export const EXPECTED: string;
export function exercise(library: object, layers: object): Promise<string>;
