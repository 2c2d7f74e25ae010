import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { expect, test } from 'vitest';
import { ClientLayer } from '../../lib/layer.ts';
import { LayerUnavailable } from '../../lib/layer-code.ts';
import { configuration, layerDirectory, resources, stackFrom, testApp } from '../support/stack/stack.ts';

const own = (majors: readonly number[]): object => configuration({ layer: { majors } });

test('the layer holds the majors that are asked for, and no other', () => {
  const stack = stackFrom(own([17, 18]), layerDirectory([15, 17, 18]));
  const template = Template.fromStack(stack);
  expect(resources(template, 'AWS::Lambda::LayerVersion')).toMatchObject({
    Layer: { CompatibleArchitectures: ['arm64'], Description: 'PostgreSQL client programs 17, 18 (arm64)' },
  });
  const assembly = Stage.of(stack)?.outdir ?? '';
  const staged = readdirSync(assembly)
    .map((name) => path.join(assembly, name, 'postgresql'))
    .filter((directory) => existsSync(directory));
  expect(staged.map((directory) => readdirSync(directory).sort())).toEqual([['17', '18']]);
});

test('a directory without pg_dump for a major is refused: an empty layer is never deployed', () => {
  const directory = layerDirectory([17]);
  const make = (): ClientLayer =>
    new ClientLayer(new Stack(testApp(), 'S'), 'Layer', {
      architecture: Architecture.ARM_64,
      majors: [15, 17],
      directory,
    });
  expect(make).toThrow(LayerUnavailable);
  expect(make).toThrow(`${directory} has no pg_dump 15`);
});

test('without a layer the template asks for one, and cannot be deployed before', () => {
  const stack = stackFrom(own([15, 17]), layerDirectory([]));
  const template = Template.fromStack(stack);
  const { ClientLayerArn } = template.findParameters('ClientLayerArn');
  expect(ClientLayerArn).toMatchObject({ Type: 'String' });
  expect(ClientLayerArn).not.toHaveProperty('Default');
  template.resourceCountIs('AWS::Lambda::LayerVersion', 0);
  template.hasResourceProperties('AWS::Lambda::Function', { Layers: [{ Ref: 'ClientLayerArn' }] });
  Annotations.fromStack(stack).hasWarning('/Pgproof', Match.stringLikeRegexp('has no pg_dump 15, 17'));
});

test('one layer for all constructs of a stack that want the same', () => {
  const stack = new Stack(testApp(), 'S');
  const props = { architecture: Architecture.ARM_64, majors: [17], directory: layerDirectory([17]) };
  expect(ClientLayer.shared(stack, props)).toBe(ClientLayer.shared(stack, props));
});
