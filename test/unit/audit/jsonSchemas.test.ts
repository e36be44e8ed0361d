import { expect, test } from 'vitest';
import { customSchema, jsonSchema, type OpenApi } from '../../support/audit/jsonSchemas.ts';

const openApi: OpenApi = {
  definitions: {
    'io.k8s.api.core.v1.Thing': {
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: { type: 'string' },
        spec: { $ref: '#/definitions/io.k8s.api.core.v1.ThingSpec', description: 'what it is' },
      },
      'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Thing' }],
    },
    'io.k8s.api.core.v1.ThingSpec': {
      type: 'object',
      properties: {
        port: { type: 'string', format: 'int-or-string' },
        size: { $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        again: { $ref: '#/definitions/io.k8s.api.core.v1.ThingSpec' },
        any: { type: 'object' },
        how: { type: 'string', enum: ['a', 'b'] },
      },
    },
    'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
    'io.k8s.api.core.v1.Other': { type: 'object' },
  },
};

test('the schema of a kind has the definitions that it needs, and knows no other fields', () => {
  const spec = '#/definitions/io.k8s.api.core.v1.ThingSpec';
  expect(jsonSchema(openApi, { group: '', version: 'v1', kind: 'Thing' })).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    allOf: [{ $ref: '#/definitions/io.k8s.api.core.v1.Thing' }, { required: ['apiVersion', 'kind', 'metadata'] }],
    definitions: {
      'io.k8s.api.core.v1.Thing': {
        type: 'object',
        required: ['spec'],
        properties: { apiVersion: { type: 'string' }, spec: { $ref: spec } },
        additionalProperties: false,
      },
      'io.k8s.api.core.v1.ThingSpec': {
        type: 'object',
        properties: {
          port: { type: ['string', 'integer'] },
          size: { $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          again: { $ref: spec },
          any: { type: 'object' },
          how: { type: 'string', enum: ['a', 'b'] },
        },
        additionalProperties: false,
      },
      'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
    },
  });
});

test('a kind of another version is not there', () => {
  expect(jsonSchema(openApi, { group: '', version: 'v2', kind: 'Thing' })).toBeUndefined();
});

test('the schema of a CustomResourceDefinition is as strict, except where it keeps unknown fields', () => {
  const kept = { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true };
  const port = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
  const spec = { type: 'object', properties: { kept, port, at: { type: 'string', nullable: true } } };
  expect(customSchema({ type: 'object', properties: { spec, metadata: { type: 'object' } } })).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          kept: { type: 'object', properties: {} },
          port: { type: ['string', 'integer'] },
          at: { type: ['string', 'null'] },
        },
        additionalProperties: false,
      },
      metadata: { type: 'object' },
    },
    additionalProperties: false,
  });
});
