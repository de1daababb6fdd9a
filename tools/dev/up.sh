# Read by ./dev: the demo server.

demo=${OUTRIDER_DEMO:-$top/run/demo}
smtp_port=${OUTRIDER_DEMO_PORT:-2525}
smtps_port=${OUTRIDER_DEMO_TLS_PORT:-2465}

demo_running() {
  [ -f "$demo/pid" ] && kill -0 "$(cat "$demo/pid")" 2>/dev/null &&
    [ "$(readlink "/proc/$(cat "$demo/pid")/exe" 2>/dev/null)" = "$top/build/release/outrider" ]
}

# A certificate authority that only the demo knows, and a certificate for localhost.
demo_certificates() {
  local tls=$demo/tls
  [ -f "$tls/server.pem" ] && openssl x509 -in "$tls/server.pem" -checkend 86400 -noout >/dev/null && return
  mkdir -p "$tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=Outrider demo CA" \
    -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
    -keyout "$tls/server.key" -out "$tls/server.csr" 2>/dev/null
  openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 365 \
    -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$tls/server.pem" 2>/dev/null
  chmod 600 "$tls"/*.key
}

demo_configuration() {
  cat > "$demo/outrider.toml" <<TOML
# The demo's configuration. All settings: ./build/release/outrider config defaults
hostname = "localhost"

[queue]
path = "$demo/queue"

[tls]
certificate = "$demo/tls/server.pem"
key = "$demo/tls/server.key"
ca_file = "$demo/tls/ca.pem"

[[listener]]
name = "smtp"
address = "127.0.0.1:$smtp_port"
role = "mx"
tls = "starttls"

[[listener]]
name = "smtps"
address = "127.0.0.1:$smtps_port"
role = "submission"
tls = "implicit"

[[domain]]
name = "example.org"
users = ["ada", "grace", "postmaster"]
recipient_delimiter = "+"
aliases = "$demo/aliases"
deliver = "maildir:$demo/mail/{domain}/{user}"

# Nobody listens there: mail for it waits, so that there is something to look at.
[[route]]
domain = "later.example"
via = "smtp://127.0.0.1:1"

[relay]
networks = ["127.0.0.0/8"]

[console]
socket = "$demo/control"

[log]
file = "$demo/log"
TOML
  cat > "$demo/aliases" <<'ALIASES'
# name: address, address
root: postmaster
team: ada, grace
ALIASES
}

demo_send() { # demo_send RECIPIENT SUBJECT OPTION...
  local recipient=$1 subject=$2
  shift 2
  printf 'This message went through Outrider with %s.\n' "$*" |
    build/release/outrider send --server "127.0.0.1:$smtp_port" --from ada@example.org --to "$recipient" \
      --header "Subject: $subject" --ca "$demo/tls/ca.pem" "$@" > "$demo/last-send" 2>&1 ||
    { cat "$demo/last-send" >&2; return 1; }
}

demo_start() {
  local pid
  build/release/outrider check -c "$demo/outrider.toml" > "$demo/check" 2>&1 || { cat "$demo/check" >&2; return 1; }
  setsid build/release/outrider serve -c "$demo/outrider.toml" > "$demo/stderr" 2>&1 < /dev/null &
  pid=$!
  echo $pid > "$demo/pid"
  # Its own socket answers once its listeners are open; the port might be somebody else's.
  for _ in $(seq 100); do
    build/release/outrider status -c "$demo/outrider.toml" >/dev/null 2>&1 && return 0
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
  done
  cat "$demo/stderr" >&2
  tail -n 5 "$demo/log" >&2 2>/dev/null || true
  echo "dev: the demo server did not start" >&2
  return 1
}

demo_up() {
  build release
  mkdir -p "$demo"
  chmod 755 "$demo"
  demo_certificates
  if demo_running; then
    echo "The demo server is running already (pid $(cat "$demo/pid"))."
  else
    demo_configuration
    demo_start
  fi
  local before
  before=$(demo_count)
  demo_send ada@example.org "Hello from Outrider" --starttls
  demo_send grace+demo@example.org "To a tagged address" --starttls
  demo_send team@example.org "To an alias of two" --starttls
  for _ in $(seq 100); do
    [ "$(demo_count)" -ge $((before + 4)) ] && break
    sleep 0.1
  done
  [ "$(demo_count)" -ge $((before + 4)) ] || { echo "dev: the demo mail did not arrive" >&2; return 1; }
  demo_tour
}

demo_count() { { find "$demo/mail" -type f -path '*/new/*' 2>/dev/null || true; } | wc -l; }

demo_tour() {
  local log here=${demo#"$top"/}
  log=$(grep ' delivery ' "$demo/log" | tail -n 1)
  cat <<TEXT

Outrider is running: SMTP with STARTTLS on 127.0.0.1:$smtp_port, TLS from the first byte on :$smtps_port.
Three messages went in with STARTTLS, four came out into Maildirs:

$(find "$demo/mail" -type f -path '*/new/*' -printf "%T@   $here/mail/%P\n" | sort | tail -n 4 | cut -d' ' -f2-)

How the last of them came in, and what became of it:

  $(grep ' received ' "$demo/log" | tail -n 1)
  $log

Try next:
  echo hello | ./build/release/outrider send --server 127.0.0.1:$smtp_port --starttls \\
      --ca $here/tls/ca.pem --from me@example.org --to ada@example.org      # the dialogue, line by line
  ./build/release/outrider send --server 127.0.0.1:$smtp_port --from me@example.org --to nobody@example.org
  ./build/release/outrider send --server 127.0.0.1:$smtp_port --from me@example.org --to x@later.example
  ./build/release/outrider queue list -c $here/outrider.toml                # what waits, and why
  ./build/release/outrider check -c $here/outrider.toml                     # is the configuration sound?
  tail -f $here/log                                                   # every message, by its id
  ./dev down                                                            # stop it
TEXT
}

demo_down() {
  if ! demo_running; then
    echo "The demo server is not running."
    return 0
  fi
  local pid
  pid=$(cat "$demo/pid")
  kill "$pid"
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  rm -f "$demo/pid"
  echo "The demo server is stopped; its mail and queue are in ${demo#"$top"/}."
}
