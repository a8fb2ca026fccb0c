/** The side of a worker that runs the machine. */
import { encodeItem } from '@dsm/core';
import { describeCode } from '../code.ts';
import type { Machine } from '../define.ts';
import { runGuarded } from '../guard/guard.ts';
import { runApply, runInit, runMigrate } from '../run.ts';
import { nodeParent } from './node.ts';
import type { Answer, Asked, Question, Said } from './protocol.ts';

interface Parent {
  postMessage(said: Said): void;
  onAsked(listener: (asked: Asked) => void): void;
}

/** Of a Web Worker: what it is itself. */
interface WebScope {
  postMessage(said: Said): void;
  addEventListener(type: 'message', listener: (event: { readonly data: Asked }) => void): void;
}

/** The thread that started this one. */
export function findParent(): Parent {
  const node = nodeParent();
  if (node !== undefined) {
    return { postMessage: (said) => node.postMessage(said), onAsked: (listener) => void node.on('message', listener) };
  }
  const web = globalThis as unknown as WebScope;
  return {
    postMessage: (said) => web.postMessage(said),
    onAsked: (listener) => web.addEventListener('message', (event) => listener(event.data)),
  };
}

/** Call this in a worker of your own: it answers for the machine until the worker ends. */
export function serveMachine<State, Params, Inputs>(machine: Machine<State, Params, Inputs>): void {
  const plain = machine as unknown as Machine;
  const parent = findParent();
  parent.onAsked(({ number, question }) => {
    parent.postMessage({ kind: 'answer', number, answer: answerOf(plain, question) });
  });
  // The first guarded call looks for what to refuse; that is no part of a call's time.
  runGuarded(() => undefined);
  const { id, version } = plain;
  parent.postMessage({ kind: 'ready', id, version, code: encodeItem(describeCode(plain)) });
}

function answerOf(machine: Machine, question: Question): Answer {
  switch (question.kind) {
    case 'init':
      return runInit(machine, question.params, question.parties);
    case 'apply':
      return runApply(machine, question.state, question.call);
    case 'migrate':
      return runMigrate(machine, question.state, question.from);
  }
}
