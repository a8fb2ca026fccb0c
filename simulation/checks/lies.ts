/** Letters whose only fault is that they are not true. */
import type { LieTold } from '../actors/lies/kit.ts';
import type { MakeCheck } from './check.ts';

/** Only commands of honest devices are told; a refusal leaves its disk as it was. */
export const liesAreRefused: MakeCheck = () => ({
  name: 'lies are refused',
  sentence: 'What a peer says falsely is refused with a stable code, and nothing changes.',
  see(fact) {
    if (fact.type !== 'told' || fact.command !== 'lie' || !fact.by.honest) return undefined;
    const { name, refusable, code, commits } = fact.value as LieTold;
    if (!refusable) return undefined;
    if (code === undefined) return `${fact.by.name} believes a lie: ${name}`;
    return commits === 0 ? undefined : `${fact.by.name} refuses a lie, ${name}, and writes all the same`;
  },
});
