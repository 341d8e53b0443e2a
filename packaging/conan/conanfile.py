"""The libraries, built from this tree: conan create packaging/conan"""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.gnu import PkgConfigDeps


class LanceKit(ConanFile):
    name = 'lancekit'
    description = 'Reads and writes the Lance columnar format'
    topics = 'lance', 'columnar', 'vector-search'
    package_type = 'library'
    settings = 'os', 'arch', 'compiler', 'build_type'
    options = {'shared': [True, False], 'fPIC': [True, False]}
    default_options = {'shared': True, 'fPIC': True, 'fmt/*:header_only': True}
    libraries = {'zstd': '>=1.5 <2', 'lz4': '>=1.9 <2', 'snappy': '>=1.1.9 <2', 'liburing': '>=2.3 <3'}
    implements = ['auto_shared_fpic']

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, '../../include/lancekit/version.hpp'))
        self.version = re.search(r'LANCEKIT_VERSION "(.+)"', header)[1]

    def export_sources(self):
        root = os.path.join(self.recipe_folder, '../..')
        copy(self, '*', root, self.export_sources_folder, excludes=('build/*', '.*', 'tests/*', 'fuzz/*', 'bench/*', 'docs/*'))

    def requirements(self):
        for library, versions in self.libraries.items():
            self.requires(f'{library}/[{versions}]')
        for headers in ('fmt/[>=9.1 <10]', 'protozero/[>=1.7 <2]', 'xxhash/[>=0.8.1 <0.9]', 'flatbuffers/[>=2.0.8]'):
            self.requires(headers, visible=False)

    def build_requirements(self):
        self.tool_requires('cmake/[>=3.25 <5]')
        self.tool_requires('flatbuffers/<host_version>')

    def validate(self):
        check_min_cppstd(self, 17)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ('TOOLS', 'TESTS', 'BENCH'):
            toolchain.cache_variables[f'LANCEKIT_BUILD_{part}'] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.set_property('cmake_file_name', 'LanceKit')
        direct = {dependency.ref.name for dependency in self.dependencies.direct_host.values()}  # not those of the platform
        libraries = [f'{name}::{name}' for name in self.libraries if name in direct]
        for name, needs in ('lancekit', libraries), ('lancekit_index', ['lancekit']), ('lancekit_c', ['lancekit']):
            component = self.cpp_info.components[name]
            component.set_property('cmake_target_name', f'LanceKit::{name}')
            component.set_property('pkg_config_name', name)
            component.libs = [name]
            component.requires = needs
            component.system_libs = ['pthread', 'm']
