import { makeNetwork } from '../../../tests/kit/index.ts';
import { describeForgeries } from './support/forgeries/index.ts';
import { openTestNodes, submit } from './support/nodes.ts';

describeForgeries(async () => {
  const net = makeNetwork();
  const nodes = await openTestNodes(net);
  return {
    net,
    submitToAll: (submission) => Promise.all(nodes.map((node) => submit(net, node, submission))),
    setClocks: async (nowMs) => {
      net.nowMs = nowMs;
    },
  };
});
