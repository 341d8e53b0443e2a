#include "writer/file_name.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <array>
#include <cstdint>

namespace lancekit {
namespace {

// RFC 9562, version 4.
std::array<std::uint8_t, 16> RandomUuid() {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::getrandom(bytes.data() + done, bytes.size() - done, 0);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  return bytes;
}

}  // namespace

std::string NewDataFileStem() {
  const auto uuid = RandomUuid();
  std::string name;
  for (std::size_t i = 0; i < 3; ++i) name += fmt::format("{:08b}", uuid[i]);
  for (std::size_t i = 3; i < uuid.size(); ++i) name += fmt::format("{:02x}", uuid[i]);
  return name;
}

std::string NewUuid() {
  const auto uuid = RandomUuid();
  std::string name;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name += '-';
    name += fmt::format("{:02x}", uuid[i]);
  }
  return name;
}

}  // namespace lancekit
