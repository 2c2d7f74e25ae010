import { type Contradiction, nothingBeside } from '../../../core/config/contradiction.ts';
import type { LooseConfig, LooseSubnets } from '../loose-config.ts';

function ofSubnets(path: Contradiction['path'], entry: LooseSubnets): Contradiction[] {
  const found: Contradiction[] = [];
  if ((entry.endpoints === true) !== (entry.routeTableIds !== undefined)) {
    found.push({
      path: [...path, 'routeTableIds'],
      expected: 'route tables if, and only if, endpoints is true',
      fix: 'Give the route tables of the subnets together with "endpoints": true.',
    });
  }
  if (entry.endpoints === true && entry.endpointSecurityGroupIds !== undefined) {
    const fix = 'The endpoints that are made have a group of their own: remove this key, or endpoints.';
    found.push(nothingBeside([...path, 'endpointSecurityGroupIds'], 'endpoints', fix));
  }
  return found;
}

const rules = ['databaseSecurityGroupIds', 'databaseCidrs', 'endpointSecurityGroupIds', 's3PrefixListId'];

/** What the rules of a security group are made from, where the groups are the user's. */
function ofRules(path: Contradiction['path'], entry: LooseSubnets): Contradiction[] {
  if (entry.securityGroupIds === undefined) return [];
  const given = rules.filter((key) => Reflect.get(entry, key) !== undefined);
  const fix = 'Your own groups keep their own rules: remove this key, or securityGroupIds.';
  return given.map((key) => nothingBeside([...path, key], 'securityGroupIds', fix));
}

function ofVerifyNetwork({ network, verify }: LooseConfig): Contradiction[] {
  const path = ['verify', 'network'] as const;
  const own = verify.network;
  if (own === undefined) return [];
  const found = [...ofSubnets(path, own), ...ofRules(path, own)];
  if (own.vpcId === undefined && network === undefined) {
    found.push({
      path: [...path, 'vpcId'],
      expected: 'the VPC of these subnets, as there is no network',
      fix: 'Add "vpcId", or describe the network of the servers too.',
    });
  }
  const isSameVpc = own.vpcId === undefined || own.vpcId === network?.vpcId;
  const shared = (own.routeTableIds ?? []).some((one) => network?.routeTableIds?.includes(one));
  if (isSameVpc && shared) {
    found.push({
      path: [...path, 'routeTableIds'],
      expected: 'other route tables than those of network, which have the endpoint already',
      fix: 'Give these subnets route tables of their own, or remove endpoints and routeTableIds here.',
    });
  }
  return found;
}

/** What contradicts itself in the ways that lead to the servers and to AWS. */
export function ofNetworks(config: LooseConfig): Contradiction[] {
  const { network } = config;
  return [
    ...(network === undefined ? [] : [...ofSubnets(['network'], network), ...ofRules(['network'], network)]),
    ...ofVerifyNetwork(config),
  ];
}
