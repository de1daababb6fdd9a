#include "outrider/app/tls_probe_hello.h"

#include <array>
#include <random>

#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

// The registry of extensions, as far as they are used here.
enum Extension : std::uint16_t {
  server_name = 0,
  supported_groups = 10,
  ec_point_formats = 11,
  signature_algorithms = 13,
  application_protocols = 16,
  extended_master_secret = 23,
  supported_versions = 43,
  key_share = 51,
  renegotiation = 0xff01
};

constexpr std::uint8_t alert_record = 21, handshake_record = 22;
constexpr std::uint8_t server_hello_message = 2;

void put16(std::string& out, std::size_t number) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 0xff);
}

std::string list8(std::string_view bytes) {
  return static_cast<char>(bytes.size()) + std::string(bytes);
}

std::string list16(std::string_view bytes) {
  std::string out;
  put16(out, bytes.size());
  return out.append(bytes);
}

std::string numbers(const std::vector<std::uint16_t>& values) {
  std::string out;
  for (const auto value : values) put16(out, value);
  return out;
}

void extend(std::string& out, Extension type, std::string_view body) {
  put16(out, type);
  out += list16(body);
}

std::string random_bytes(std::size_t count) {
  std::random_device device;
  std::string out;
  while (out.size() < count) out += static_cast<char>(device() & 0xff);
  return out;
}

// ECDSA, RSA-PSS and RSA with SHA-2, Ed25519; SHA-1 for versions that had nothing else.
std::string signatures(bool old) {
  std::vector<std::uint16_t> list = {0x0403, 0x0503, 0x0603, 0x0804, 0x0805,
                                     0x0806, 0x0807, 0x0401, 0x0501, 0x0601};
  if (old) list.insert(list.end(), {0x0203, 0x0201});
  return list16(numbers(list));
}

std::string extensions_of(const Hello& hello) {
  std::string out;
  if (!hello.host.empty()) {
    extend(out, server_name, list16(std::string(1, '\0') + list16(hello.host)));
  }
  extend(out, supported_groups, list16(numbers(hello.groups)));
  extend(out, ec_point_formats, list8(std::string_view("\0", 1)));
  if (hello.version >= tls12) {
    extend(out, signature_algorithms, signatures(hello.version < tls13));
  }
  if (!hello.alpn.empty()) {
    std::string names;
    for (const auto& name : hello.alpn) names += list8(name);
    extend(out, application_protocols, list16(names));
  }
  extend(out, extended_master_secret, "");
  extend(out, renegotiation, std::string_view("\0", 1));
  if (hello.grease) extend(out, static_cast<Extension>(0x2a2a), "?");
  if (hello.version >= tls13) {
    const auto versions = hello.grease ? numbers({0x3a3a, tls13}) : numbers({tls13});
    extend(out, supported_versions, list8(versions));
    extend(out, key_share, list16(""));
  }
  return out;
}

// RFC 8701 §2: in front, where they are met first.
Hello with_grease(Hello hello) {
  hello.suites.insert(hello.suites.begin(), 0x0a0a);
  hello.groups.insert(hello.groups.begin(), 0x1a1a);
  return hello;
}

// Reads big-endian numbers and vectors; stays false once the bytes were too few.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::string_view take(std::size_t count) {
    if (count > rest.size()) good = false;
    const auto taken = good ? rest.substr(0, count) : std::string_view();
    if (good) rest.remove_prefix(count);
    return taken;
  }
  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }
};

void read_extension(HelloAnswer& answer, std::size_t type, std::string_view body) {
  Reader reader{body};
  if (type == supported_versions) answer.version = static_cast<std::uint16_t>(reader.number(2));
  if (type == key_share) answer.group = static_cast<std::uint16_t>(reader.number(2));
  if (type == renegotiation) answer.secure_renegotiation = true;
  if (type == extended_master_secret) answer.extended_master_secret = true;
  if (type == application_protocols) {
    reader.number(2);
    answer.alpn = printable(reader.vector(1));
  }
}

// RFC 8446 §4.1.3: the random of a HelloRetryRequest, and the end of one that goes back.
constexpr std::string_view retry_random(
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c",
    32);
constexpr std::string_view downgrade_mark("DOWNGRD", 7);

HelloAnswer no_tls(std::string why) {
  HelloAnswer answer;
  answer.kind = HelloAnswer::Kind::NoTls;
  answer.why = std::move(why);
  return answer;
}

HelloAnswer read_server_hello(std::string_view body) {
  HelloAnswer answer;
  Reader reader{body};
  answer.version = static_cast<std::uint16_t>(reader.number(2));
  const auto random = reader.take(32);
  reader.vector(1);  // the session's id
  answer.suite = static_cast<std::uint16_t>(reader.number(2));
  answer.compression = static_cast<std::uint8_t>(reader.number(1));
  if (!reader.good) return no_tls("a ServerHello that ends too early");
  answer.kind = random == retry_random ? HelloAnswer::Kind::Retry : HelloAnswer::Kind::ServerHello;
  answer.downgraded = random.substr(24).starts_with(downgrade_mark);
  Reader extensions{reader.vector(2)};
  while (reader.good && extensions.good && !extensions.rest.empty()) {
    const auto type = extensions.number(2);
    const auto bytes = extensions.vector(2);
    if (extensions.good) read_extension(answer, type, bytes);
  }
  return answer;
}

}  // namespace

std::string client_hello(const Hello& given) {
  const auto hello = given.grease ? with_grease(given) : given;
  const auto named = hello.version >= tls13 ? tls12 : hello.version;
  std::string body;
  put16(body, named);
  body += hello.random.empty() ? random_bytes(32) : hello.random;
  // RFC 8446 appendix D.4: an id makes the hello of TLS 1.3 look like one that is resumed.
  body += list8(hello.version >= tls13 ? random_bytes(32) : std::string());
  body += list16(numbers(hello.suites));
  body += list8(hello.deflate ? std::string_view("\1\0", 2) : std::string_view("\0", 1));
  if (hello.extensions) body += list16(extensions_of(hello));
  std::string message = "\x01";
  message += '\0';
  message += list16(body);
  std::string record(1, static_cast<char>(handshake_record));
  put16(record, hello.version == ssl30 ? ssl30 : tls10);
  return record + list16(message);
}

std::string client_hello_v2(const Hello& hello) {
  std::string body = "\x01";
  put16(body, hello.version);
  put16(body, hello.suites.size() * 3);
  put16(body, 0);  // no session
  put16(body, 32);
  for (const auto suite : hello.suites) {
    body += '\0';
    put16(body, suite);
  }
  body += hello.random.empty() ? random_bytes(32) : hello.random;
  std::string record;
  put16(record, 0x8000 | body.size());
  return record + body;
}

std::optional<HelloAnswer> parse_answer(std::string_view bytes) {
  std::string handshake;
  Reader reader{bytes};
  while (!reader.rest.empty()) {
    const auto type = reader.number(1);
    if (type != alert_record && type != handshake_record) return no_tls(printable(bytes, 100));
    reader.number(2);
    const auto body = reader.vector(2);
    if (!reader.good) return std::nullopt;
    if (type == alert_record) {
      if (body.size() < 2) return no_tls("an alert that ends too early");
      constexpr char warning = 1;
      // RFC 6066 §3: unrecognized_name may come as a warning, and the handshake goes on.
      if (body[0] == warning && body[1] != 0) continue;
      HelloAnswer answer;
      answer.kind = HelloAnswer::Kind::Alert;
      answer.alert = static_cast<std::uint8_t>(body[1]);
      return answer;
    }
    handshake += body;
    Reader message{handshake};
    const auto kind = message.number(1);
    const auto content = message.vector(3);
    if (!message.good) continue;
    if (kind != server_hello_message) return no_tls("another message than a ServerHello");
    return read_server_hello(content);
  }
  return std::nullopt;
}

}  // namespace outrider::app::probe
