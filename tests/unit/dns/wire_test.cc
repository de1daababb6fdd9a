#include "outrider/dns/wire.h"

#include <gtest/gtest.h>

#include <utility>

namespace outrider::dns {
namespace {

using namespace std::string_view_literals;

TEST(WireReader, ReadsNumbersInNetworkOrder) {
  WireReader in("\x01\x02\x03\x04\x05\x06\x07"sv);
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0x04050607U);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.at(), 7U);
}

TEST(WireReader, StaysWithinTheMessage) {
  WireReader in("ab"sv);
  EXPECT_EQ(in.u32(), 0x61620000U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);
  EXPECT_EQ(in.bytes(1), "");
  WireReader huge("ab"sv);
  huge.u8();
  EXPECT_EQ(huge.bytes(SIZE_MAX), "");
  EXPECT_FALSE(huge.ok());
}

TEST(WireReader, ReadsNamesInLowerCase) {
  WireReader in("\2Mx\7EXAMPLE\0rest"sv);
  EXPECT_EQ(in.name(), "\2mx\7example\0"sv);
  EXPECT_EQ(in.bytes(4), "rest");
}

TEST(WireReader, FollowsPointersAndGoesOnBehindThem) {
  WireReader in("\7example\0\2mx\xC0\x00\1a\xC0\x09."sv);
  in.name();
  EXPECT_EQ(in.name(), "\2mx\7example\0"sv);
  EXPECT_EQ(in.name(), "\1a\2mx\7example\0"sv);
  EXPECT_EQ(in.bytes(1), ".");
  EXPECT_TRUE(in.ok());
}

TEST(WireReader, RefusesPointersThatDoNotLeadBack) {
  constexpr std::pair<std::string_view, std::size_t> cases[] = {
      {"\xC0\x00"sv, 0},           // to itself
      {"\1a\xC0\x00"sv, 0},        // to its own beginning
      {"\xC0\x02\1a\0"sv, 0},      // onwards
      {"\xC0"sv, 0},               // to nowhere
      {".\xC0\x03\xC0\x01"sv, 3},  // in a circle
  };
  for (const auto& [bytes, start] : cases) {
    WireReader in(bytes);
    in.bytes(start);
    EXPECT_EQ(in.name(), "") << start;
    EXPECT_FALSE(in.ok()) << start;
  }
}

TEST(WireReader, RefusesLabelsOfOtherForms) {
  for (const auto bytes : {"\x40\0"sv, "\x80\0"sv,
                           "\x05"
                           "ab"sv}) {
    WireReader in(bytes);
    EXPECT_EQ(in.name(), "");
    EXPECT_FALSE(in.ok());
  }
}

std::string name_of_labels(int count, int size) {
  std::string name;
  for (int i = 0; i < count; ++i) {
    name += static_cast<char>(size) + std::string(static_cast<std::size_t>(size), 'a');
  }
  return name + '\0';
}

TEST(WireReader, TakesNamesOf255BytesAndNoLonger) {
  const auto longest = name_of_labels(127, 1);  // 127 * 2 + 1
  WireReader fits(longest);
  EXPECT_EQ(fits.name().size(), 255U);
  const auto longer = name_of_labels(64, 3);  // 257
  WireReader in(longer);
  EXPECT_EQ(in.name(), "");
  EXPECT_FALSE(in.ok());
}

TEST(WireName, IsTheFormOfTheReader) {
  EXPECT_EQ(wire_name("_25._tcp.MX.example."), "\3_25\4_tcp\2mx\7example\0"sv);
  EXPECT_EQ(wire_name("a"), "\1a\0"sv);
}

}  // namespace
}  // namespace outrider::dns
