// Fault cases of whiteouts and opaque directories of linux-mount/layers. The state of the scene includes their
// attributes.
import { setAttribute } from '../../../support/native-files.js';
import { refusal } from './stages.js';

/** Makes a layer with a marked entry of each kind; `prefix` is the prefix of the overlayfs attributes. */
const layerStage = (scene, prefix) => {
  scene.tellsAttributes = true;
  const layer = scene.directory('layer', { empty: '', whiteout: '', full: 'x' });
  setAttribute(`${layer}/whiteout`, `${prefix}whiteout`, '');
  const opaque = scene.directory('layer/opaque');
  setAttribute(opaque, `${prefix}opaque`, 'y');
  return { layer, opaque };
};

const ofNamespace = (userxattr) => {
  const name = userxattr ? 'user' : 'trusted';
  const prefix = `${name}.overlay.`;
  const prepare = (scene) => layerStage(scene, prefix);
  const question = (of, operation, path) => ({
    name: `${operation} of ${of}, ${name}`,
    prepare,
    act: (call, { layer }) => call(operation)(`${layer}/${path}`, { userxattr }),
    show: (answer) => answer,
  });
  return [
    {
      name: `makeWhiteout as a file, ${name}`,
      prepare,
      act: (call, { layer }) => call('makeWhiteout')(`${layer}/gone`, { form: 'xattr', userxattr }),
      keeps: true,
    },
    {
      name: `makeWhiteout as a file in a directory that is opaque, ${name}`,
      prepare,
      act: (call, { opaque }) => call('makeWhiteout')(`${opaque}/gone`, { form: 'xattr', userxattr }),
      keeps: true,
    },
    ...['y', 'x'].map((form) => ({
      name: `makeOpaque "${form}", ${name}`,
      prepare,
      act: (call, { layer }) => call('makeOpaque')(layer, { form, userxattr }),
      keeps: true,
    })),
    question('a file that is one', 'isWhiteout', 'whiteout'),
    question('an empty file', 'isWhiteout', 'empty'),
    question('a file with content', 'isWhiteout', 'full'),
    question('a directory that is', 'isOpaque', 'opaque'),
    question('one that is not', 'isOpaque', ''),
  ];
};

const marks = [
  {
    name: 'makeWhiteout as a device',
    prepare: (scene) => layerStage(scene, 'trusted.overlay.'),
    act: (call, { layer }) => call('makeWhiteout')(`${layer}/gone`),
    keeps: true,
  },
  {
    name: 'isWhiteout of a device',
    prepare: (scene, lib) => {
      lib.makeWhiteoutSync(scene.path('gone'));
      return { gone: scene.path('gone') };
    },
    act: (call, { gone }) => call('isWhiteout')(gone),
    show: (answer) => answer,
  },
  {
    name: 'makeWhiteout where something is',
    prepare: (scene) => layerStage(scene, 'trusted.overlay.'),
    ...refusal('EEXIST', (call, { layer }) => call('makeWhiteout')(`${layer}/full`, { form: 'xattr' })),
  },
  ...[false, true].flatMap(ofNamespace),
];

export const layerMarks = marks.map((one) => ({ ...one, marks: true }));
