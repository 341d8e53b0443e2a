"""The other sides of vectors.py: one vector index library in a process of its own, with the commands of index_driver.cc.

    python vector_peers.py hnswlib|usearch|faiss|pylance VECTORS DIMENSIONS

VECTORS is a file of floats. M 16, efConstruction 200, squared Euclidean distance, one thread.
"""
import json
import os
import shutil
import sys
import time

import numpy as np

M, EF_CONSTRUCTION = 16, 200


class Hnswlib:
    def __init__(self, vectors):
        import hnswlib
        self.module, self.vectors = hnswlib, vectors

    def new(self):
        index = self.module.Index('l2', self.vectors.shape[1])
        index.set_num_threads(1)
        return index

    def build(self, path):
        index = self.new()
        index.init_index(len(self.vectors), M=M, ef_construction=EF_CONSTRUCTION, random_seed=1)
        start = time.perf_counter()
        index.add_items(self.vectors, num_threads=1)
        seconds = time.perf_counter() - start
        index.save_index(path)
        return seconds

    def open(self, path):
        self.index = self.new()
        self.index.load_index(path)

    def search(self, queries, ef, k):
        self.index.set_ef(ef)
        return self.index.knn_query(queries, k=k, num_threads=1)[0]


class Usearch:
    def __init__(self, vectors):
        import usearch.index
        self.module, self.vectors = usearch.index, vectors

    def new(self):
        return self.module.Index(ndim=self.vectors.shape[1], metric='l2sq', dtype='f32', connectivity=M, expansion_add=EF_CONSTRUCTION)

    def build(self, path):
        index = self.new()
        start = time.perf_counter()
        index.add(np.arange(len(self.vectors)), self.vectors, threads=1)
        seconds = time.perf_counter() - start
        index.save(path)
        return seconds

    def open(self, path):
        self.index = self.new()
        self.index.view(path)

    def search(self, queries, ef, k):
        self.index.expansion_search = ef
        return self.index.search(queries, k, threads=1).keys.reshape(len(queries), -1)


class Faiss:
    def __init__(self, vectors):
        import faiss
        faiss.omp_set_num_threads(1)
        self.module, self.vectors = faiss, vectors

    def build(self, path):
        index = self.module.IndexHNSWFlat(self.vectors.shape[1], M)
        index.hnsw.efConstruction = EF_CONSTRUCTION
        start = time.perf_counter()
        index.add(self.vectors)
        seconds = time.perf_counter() - start
        self.module.write_index(index, path)
        return seconds

    def open(self, path):
        self.index = self.module.read_index(path)

    def search(self, queries, ef, k):
        self.index.hnsw.efSearch = ef
        return self.index.search(queries, k)[1]


class Pylance:
    """IVF_HNSW_SQ of one partition, which is what LanceDB has; one call for each query, as its interface wants it."""

    def __init__(self, vectors):
        # Told to use one thread, pylance 14.0.2 never ends making an index: it has one core instead.
        import lance
        import pyarrow as pa
        self.lance, self.pa, self.vectors = lance, pa, vectors

    def build(self, path):
        shutil.rmtree(path, ignore_errors=True)
        lists = self.pa.FixedSizeListArray.from_arrays(self.pa.array(self.vectors.reshape(-1)), self.vectors.shape[1])
        dataset = self.lance.write_dataset(self.pa.table({'vec': lists}), path)
        start = time.perf_counter()
        dataset.create_index('vec', 'IVF_HNSW_SQ', metric='L2', num_partitions=1, m=M, ef_construction=EF_CONSTRUCTION)
        return time.perf_counter() - start

    def open(self, path):
        self.dataset = self.lance.dataset(path)

    def search(self, queries, ef, k):
        rows = [self.dataset.to_table(nearest={'column': 'vec', 'q': query, 'k': k, 'nprobes': 1, 'ef': ef}, columns=['_distance'], with_row_id=True)
                for query in queries]
        return np.array([table['_rowid'].to_numpy() for table in rows])


def main():
    name, path, dimensions = sys.argv[1:4]
    vectors = np.fromfile(path, np.float32).reshape(-1, int(dimensions))
    side = {'hnswlib': Hnswlib, 'usearch': Usearch, 'faiss': Faiss, 'pylance': Pylance}[name](vectors)
    queries = None
    for line in sys.stdin:
        words = line.rstrip('\n').split('\t')
        try:
            if words[0] == 'ready':
                seconds = 0
            elif words[0] == 'build':
                seconds = side.build(words[3])
            elif words[0] == 'open':
                queries = np.fromfile(words[3], np.float32).reshape(-1, int(dimensions))
                start = time.perf_counter()
                side.open(words[2])
                side.search(queries[:1], 64, 10)
                seconds = time.perf_counter() - start
            else:
                start = time.perf_counter()
                rows = side.search(queries, int(words[1]), int(words[2]))
                seconds = time.perf_counter() - start
                np.asarray(rows).astype(np.int32).tofile(words[3])
            print(json.dumps({'seconds': seconds}), flush=True)
        except Exception as error:  # told to the other side
            print(json.dumps({'error': str(error)}), flush=True)


if __name__ == '__main__':
    main()
