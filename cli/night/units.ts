import { shellWord } from '../../core/text/shell-word.ts';
/** What starts the command, with absolute paths: neither cron nor systemd has a shell's. */
export type Started = {
  /** Of Node.js. */
  readonly node: string;
  readonly pgproof: string;
  readonly config: string;
  /** Where the first two really lie, behind links. */
  readonly real?: readonly string[] | undefined;
};

export type Unit = { readonly name: string; readonly text: string };

/** A service and its timer. Checked by a test with systemd-analyze. */
export function systemdUnits(started: Started): readonly Unit[] {
  return [
    { name: 'pgproof.service', text: service(started) },
    { name: 'pgproof.timer', text: timer },
  ];
}

/** As a word of a unit's command line (systemd.service(5), "Command lines"). */
function word(text: string): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replace(/[\\"]/g, '\\$&')}"`;
}

/** ProtectHome=yes would hide a Node.js that lies in somebody's home, and in root's nobody else may look. */
export function isInHome(path: string): boolean {
  return /^\/(home|root|run\/user)\//.test(path);
}

function service({ node, pgproof, config, real = [] }: Started): string {
  const home = [node, pgproof, config, ...real].some(isInHome) ? 'read-only' : 'yes';
  return `[Unit]
Description=PostgreSQL backups that prove they restore
Wants=network-online.target
After=network-online.target
# A unit of yours that tells somebody, beside what notify in the configuration does:
#OnFailure=tell-somebody@%n.service

[Service]
Type=oneshot
ExecStart=${[node, pgproof, 'run', '--config', config].map(word).join(' ')}
User=pgproof
Group=pgproof
# /var/lib/pgproof is there, and pgproof's. Any other directory of a file:// store must be named:
StateDirectory=pgproof
StateDirectoryMode=0700
#ReadWritePaths=/srv/backups
# { credential: shop } in the configuration:
#LoadCredential=shop:/etc/pgproof/shop.password
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
# pgproof ends its programs in order; what is left after that is killed.
KillMode=mixed
TimeoutStopSec=120
# One that hangs, as on a file server that is gone, would keep every later one from starting, and nobody would hear of it.
TimeoutStartSec=2d

UMask=0077
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=${home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
# Left out on purpose:
# RestrictNamespaces, PrivateUsers: a backup is restored in namespaces of its own (bubblewrap), which keep its SQL from this
#   machine. Without them level restore is refused.
# ProtectKernelTunables, ProtectKernelLogs, ProtectProc, ProcSubset, ProtectHostname: they cover parts of /proc, or forbid
#   what makes a sandbox, and the kernel then lets no namespace mount a /proc of its own.
# MemoryDenyWriteExecute: Node.js compiles JavaScript, and PostgreSQL queries, into memory that is run.
# DynamicUser: directories of file:// stores need an owner who is the same tomorrow.
# PrivateNetwork, IPAddressDeny: servers, buckets and mail are reached over the network. Restored backups have no network.
`;
}

/** Hourly: pgproof knows what is due, so that one timer does every schedule. */
const timer = `[Unit]
Description=Backs up, verifies, copies and prunes what is due

[Timer]
OnCalendar=hourly
# A night that the machine slept through is caught up.
Persistent=true
RandomizedDelaySec=5min
AccuracySec=1min

[Install]
WantedBy=timers.target
`;

/**
 * For /etc/cron.d. Whoever has the lock runs; the next hour then has nothing to do, and says nothing. cron hands over neither
 * a PATH nor a HOME that could be relied on, and makes a line break of %.
 */
export function cronLine({ node, pgproof, config }: Started): string {
  const command = ['/usr/bin/flock', '-n', '-E', '0', config, node, pgproof, 'run', '--config', config];
  const line = command.map(shellWord).join(' ').replaceAll('%', '\\%');
  return `# /etc/cron.d/pgproof: hourly, and pgproof knows what is due. Nothing is mailed while all goes well.
MAILTO=root
17 * * * *  pgproof  ${line}
`;
}
