#!/usr/bin/env bash
# A SLURM cluster of one node, for tests: munge, slurmctld and slurmd of the Debian packages on the loopback interface.
#   tests/slurm/cluster.sh up      install missing packages, start the daemons, wait until the node is idle
#   tests/slurm/cluster.sh down    cancel all jobs, stop the daemons, remove what "up" wrote, but for the packages and a
#                                  line in /etc/hosts that names this machine
#   tests/slurm/cluster.sh ctld    stop and start slurmctld alone, as an update of the cluster would
# It has no systemd, no control groups, no accounting, and GPUs that are null devices. It needs root, and refuses to run
# beside a real SLURM: then "up" ends with status 3. It claims PUREREID_SLURM_CPUS cores and PUREREID_SLURM_GPUS GPUs.
set -euo pipefail

folder=/run/purereid-slurm  # only root can write there
cpus=${PUREREID_SLURM_CPUS:-4}
gpus=${PUREREID_SLURM_GPUS:-2}
host=$(hostname -s)
files=(slurm.conf gres.conf cgroup.conf)
packages=(slurmctld slurmd slurm-client munge)
tries=600  # looks at what must come; each takes its own time too, longer on a loaded machine

fail() { echo "cluster.sh: $*" >&2; exit 1; }
not_here() { echo "cluster.sh: $*" >&2; exit 3; }

comes() {  # command...: whether it succeeds at one of so many tries
    for ((i = 0; i < tries; i++)); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
    return 1
}

wait_for() {  # what, command...
    local what=$1; shift
    comes "$@" && return
    tail -n 20 "$folder"/log/*.log >&2
    fail "$what did not come up"
}

node_is_idle() { [ "$(sinfo --noheader --format %T)" = idle ]; }
controller_answers() { scontrol ping | grep -q UP; }
queue_is_empty() { [ -z "$(squeue --noheader)" ]; }
is_running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

install_packages() {
    local missing=()
    for package in "${packages[@]}"; do
        dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
            missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet=2
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then  # it keeps the packages from starting daemons of their own
        trap "rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod +x $policy
    fi
    apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" >/dev/null
    [ -z "$(trap -p EXIT)" ] || { rm $policy; trap - EXIT; }
}

write_configuration() {
    local memory; memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
    cat > "$folder/slurm.conf" <<END
ClusterName=purereid-tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MinJobAge=3600
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobs.txt
KillWait=30
# of daemons and jobs that a busy machine lets wait
MessageTimeout=100
BatchStartTimeout=600
SlurmdTimeout=0
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory Gres=gpu:$gpus State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    for ((i = 0; i < gpus; i++)); do
        echo "NodeName=$host Name=gpu File=$folder/dev/nvidia$i"
    done > "$folder/gres.conf"
    printf '%s=no\n' CgroupAutomount ConstrainCores ConstrainDevices ConstrainRAMSpace > "$folder/cgroup.conf"
    # Jobs find the configuration in its usual place alone: Snakemake takes SLURM's variables out of their environment.
    mkdir -p /etc/slurm
    for file in "${files[@]}"; do ln -sfn "$folder/$file" "/etc/slurm/$file"; done
}

up() {
    [ "$(id -u)" = 0 ] || not_here "slurmd needs root"
    [ -e /etc/debian_version ] || not_here "this needs the packages of Debian or Ubuntu"
    for file in "${files[@]}"; do
        [ ! -e "/etc/slurm/$file" ] || [ "$(readlink "/etc/slurm/$file")" = "$folder/$file" ] ||
            not_here "/etc/slurm/$file is there already: this machine belongs to a real cluster"
    done
    ! is_running "$folder/slurmd.pid" || fail "it is up already"
    install_packages
    getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >> /etc/hosts
    rm -rf "$folder"
    trap '[ $? = 0 ] || down' EXIT
    mkdir -p "$folder"/{state,spool,log,munge,dev}
    chmod 755 "$folder" "$folder/munge"
    for ((i = 0; i < gpus; i++)); do mknod -m 666 "$folder/dev/nvidia$i" c 1 3; done  # a second /dev/null
    write_configuration
    (umask 077; head -c 1024 /dev/urandom > "$folder/munge/key")
    munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"
    slurmctld -i
    wait_for slurmctld controller_answers
    slurmd
    wait_for slurmd node_is_idle
    sinfo --noheader --format "%N: %c cores, %m MB, %G"
}

stop() {  # a daemon, by its file with the process id
    is_running "$1" || return 0
    local process; process=$(cat "$1")
    kill "$process"
    comes is_gone "$process" || kill -9 "$process"
}

down() {
    [ -d "$folder" ] || { echo "it is not up"; return; }
    if is_running "$folder/slurmctld.pid"; then
        scontrol update nodename="$host" state=resume 2>/dev/null || true
        scancel --user=root || true
        comes queue_is_empty || true
    fi
    for daemon in slurmd slurmctld munged; do stop "$folder/$daemon.pid"; done
    for file in "${files[@]}"; do
        [ "$(readlink "/etc/slurm/$file")" != "$folder/$file" ] || rm "/etc/slurm/$file"
    done
    rmdir --ignore-fail-on-non-empty /etc/slurm
    rm -rf "$folder"
}

ctld() {
    stop "$folder/slurmctld.pid"
    sleep "${1:-5}"
    slurmctld
    wait_for slurmctld controller_answers
}

case ${1:-} in
    up | down | ctld) "$@" ;;
    *) sed -n 's/^# \{0,1\}//p' "$0" | sed 1d; exit 2 ;;
esac
