// Reports whether inputs have reached new code, from the block coverage of V8.
import { Session } from 'node:inspector/promises';

/** Reports whether the inputs since the previous question reached code that no earlier input reached. */
export class Coverage {
  #session = new Session();
  #of;
  #reached = new Set();

  /** @param of a part of the URLs of the files that count */
  constructor(of) {
    this.#of = of;
  }

  async begin() {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
    await this.isNew();
    return this;
  }

  get blocks() {
    return this.#reached.size;
  }

  async isNew() {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const before = this.#reached.size;
    for (const { url, functions } of result) {
      if (!url.includes(this.#of)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) this.#reached.add(`${url} ${startOffset} ${endOffset}`);
        }
      }
    }
    return this.#reached.size > before;
  }

  end() {
    this.#session.disconnect();
  }
}
