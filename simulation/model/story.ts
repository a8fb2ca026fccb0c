/** A counterexample in words: the steps from the beginning, with nodes under the same names throughout. */
import { ACTIONS } from './locals.ts';
import { decodeReport, isOpen, type NodeState } from './node.ts';
import { finalsOf, PROPERTIES, type Final, type Property } from './properties.ts';
import type { Search } from './search.ts';
import { decodeProposal, type Parts, type World } from './world.ts';

interface Taken {
  readonly node: number;
  readonly action: number;
  readonly before: Parts;
  readonly after: Parts;
}

const copy = ({ ids, facts }: Parts): Parts => ({ ids: Int32Array.from(ids), facts });
const same = (a: Parts, b: Parts): boolean => a.facts === b.facts && a.ids.every((id, i) => id === b.ids[i]);

/** The path has its nodes sorted in every state: walk it again without sorting. */
function walk(world: World, path: readonly Parts[]): readonly Taken[] {
  let current = world.initial();
  return path.slice(1).map((target) => {
    let taken: Taken | undefined;
    world.expand(current, (node, action, next) => {
      if (taken) return;
      const normal = copy(next);
      world.normalize(normal);
      if (same(normal, target)) taken = { node, action, before: current, after: copy(next) };
    });
    if (!taken) throw new Error('a step of the path is not possible');
    current = taken.after;
    return taken;
  });
}

const nodeName = (node: number): string => `node ${node + 1}`;
const listNames = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;

export interface Story {
  readonly property: Property;
  readonly says: string;
  readonly steps: readonly string[];
  readonly end: string;
  /** Nodes that signed two different statements for one round. */
  readonly equivocators: readonly string[];
}

export function tell(found: Search): Story {
  const { world, path, broken } = found;
  if (!broken) throw new Error('nothing is broken');
  const taken = walk(world, path);
  const last = taken.at(-1)?.after ?? world.initial();
  const finals = finalsOf(world, world.voteCounts(last), world.ackCounts(last));
  return {
    property: broken,
    says: PROPERTIES[broken],
    steps: taken.map((step) => describe(world, step)),
    end: endOf(world, last, finals, broken),
    equivocators: broken === 'two-finals' ? equivocatorsOf(world, finals) : [],
  };
}

const statesOf = ({ locals }: World, { ids }: Parts): readonly NodeState[] =>
  Array.from(ids, (id) => locals.states[id] as NodeState);

function describe(world: World, { node, action, before, after }: Taken): string {
  const { slot, rules } = world;
  const name = (value: number): string => slot.values[value] ?? '';
  if (node < 0) {
    const { round, choice } = decodeProposal(action);
    return `${nodeName(slot.owners[round - 1] ?? 0)}, the owner of round ${round}, proposes ${name(choice.value)}: the reports ${choice.forced ? 'force it' : 'leave the choice free'}`;
  }
  const step = ACTIONS[action];
  const who = nodeName(node);
  const old = statesOf(world, before)[node] as NodeState;
  const now = statesOf(world, after)[node] as NodeState;
  switch (step?.type) {
    case 'vote': {
      const own = isOpen(slot, old.clock, step.value);
      return `${who} votes for ${name(step.value)} in round 0${own ? '' : `, its clock waived by ${rules.waiverVotes} votes`}`;
    }
    case 'ack':
      return `${who} is shown a quorum of votes for ${name(step.value)} of round ${step.round} and acks it${step.round < old.promise ? `, although it has promised round ${old.promise}` : ''}`;
    case 'start': {
      const { lock, vote } = decodeReport(now.reports[step.round] ?? 1);
      const locked = lock ? `locked ${name(lock.value)} of round ${lock.round}` : 'no lock';
      return `${who} is started in round ${step.round} and reports: ${locked}, ${vote === 0 ? 'no vote' : `vote for ${name(vote)}`}`;
    }
    case 'later': {
      const kind = step.forced ? 'forced by its reports' : 'left free by its reports';
      return `${who} votes for ${name(step.value)} in round ${step.round}: the proposal is ${kind}${step.round < old.promise ? `, although it has promised round ${old.promise}` : ''}`;
    }
    case 'tick':
      return `time passes at ${who}: ${slot.phases[now.clock]?.name ?? ''}`;
    default:
      return '';
  }
}

const dishonestOf = ({ rules, honest }: World): readonly string[] =>
  Array.from({ length: rules.dishonest }, (_, i) => nodeName(honest + i));

function endOf(world: World, last: Parts, finals: readonly Final[], broken: Property): string {
  const nodes = statesOf(world, last);
  const signers = ({ value, round, fast }: Final): string => {
    const honest = nodes.flatMap((node, i) =>
      (fast ? node.votes[0] : node.acks[round]) === value ? [nodeName(i)] : [],
    );
    return `${world.slot.values[value]} is Final by the ${fast ? 'votes' : 'acks'} of round ${round} of ${listNames([...honest, ...dishonestOf(world)])}`;
  };
  const said = finals.map(signers).join('; ');
  return [...(said === '' ? [] : [said]), ...(ENDS[broken] ?? [])].join('; ');
}

const ENDS: Partial<Record<Property, readonly string[]>> = {
  'outside-window': ['no honest clock was inside its window when its node voted'],
  'early-round': ['a round has begun, and no honest clock saw a reason for it'],
  'early-void': ['no honest clock admitted a void yet'],
  'split-round': ['the round of an honest owner has two voices and may end without a quorum'],
  'wasted-round': ['the round of an honest owner is used up by a proposal that nobody can vote for'],
  taken: [
    'every honest clock is inside the window, and neither round 0 nor a fresh round can make Final what was signed',
  ],
  frozen: ['when the windows are over, a fresh round of an honest owner ends without a Final'],
};

/** Both Finals rest on votes and acks of the dishonest nodes; in one round these contradict each other. */
function equivocatorsOf(world: World, finals: readonly Final[]): readonly string[] {
  const [first, ...others] = finals;
  const isOneRound = others.some(({ round, value }) => round === first?.round && value !== first.value);
  return isOneRound ? dishonestOf(world) : [];
}
