"""Builds the consumer of the tests against the package and runs it."""
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class Consumer(ConanFile):
    settings = 'os', 'arch', 'compiler', 'build_type'
    generators = 'CMakeDeps', 'CMakeToolchain'

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder='../../../tests/consumer')
        cmake.build()

    def test(self):
        if can_run(self):
            folder = os.path.join(self.build_folder, 'files')
            os.makedirs(folder)
            for command in f'./consumer {folder}/table.lance', f'./searcher {folder}/table.lance', f'./c_consumer {folder}':
                self.run(command, cwd=self.cpp.build.bindir, env='conanrun')
