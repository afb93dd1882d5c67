/**
 * What waits so long for company: written together, the facts of many calls cost a fraction of what each costs alone. A
 * process that is killed loses as much of what was said.
 */
export const gatherMs = 100;

/** Work of many calls, done in one go by one timer. */
export class Gather {
  #tasks: (() => void)[] = [];

  soon(task: () => void): void {
    if (this.#tasks.push(task) > 1) return;
    setTimeout(() => {
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const one of tasks) one();
    }, gatherMs);
  }
}
