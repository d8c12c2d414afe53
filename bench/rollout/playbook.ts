import { dirname } from "node:path/posix";
import type { BenchSite, HostVerb } from "./hosts.ts";
import { playNames } from "./plays.ts";

/** The playbook as data, to be written as YAML. What differs between hosts stands in host_vars. Pure. */

type Task = Record<string, unknown>;

/** Where the notes of unfinished roles lie on a host, as apply.py keeps them. */
const notes = "/var/lib/evenkeel/roles";

/** Its stdin comes from a file of the project, so that no secret of it is in a task's arguments or result. */
function labTask(name: string, verb: string, more: Task): Task {
  return {
    name,
    "ansible.builtin.shell": {
      cmd: `bash "$EVENKEEL_HOME/components/lab/lab-host.sh" ${verb} < "{{ playbook_dir }}/{{ item.input }}"`,
    },
    loop_control: { label: "{{ item.name }}" },
    delegate_to: "localhost",
    become: false,
    changed_when: false,
    ...more,
  };
}

const makeThings = labTask("Networks and volumes", "{{ item.thing }} create {{ item.name }}", {
  loop: "{{ lab_things }}",
});

function makeMachine(more: Task = {}): Task {
  return labTask("Machine", "host create {{ item.name }}", { loop: ["{{ lab_machine }}"], ...more });
}

/**
 * The hosts come with python3-minimal, which lacks what every module of Ansible imports (shutil, tempfile, zipfile), so
 * python3 is installed first. Asked for, so that a second run costs one short command.
 */
const python: Task = {
  name: "Python's standard library, which Ansible's modules need",
  "ansible.builtin.raw":
    "python3 -c 'import shutil, tempfile, zipfile' 2>/dev/null || " +
    "{ export DEBIAN_FRONTEND=noninteractive; apt-get -qq -y install --no-install-recommends python3 || " +
    "{ apt-get -qq -y update && apt-get -qq -y install --no-install-recommends python3; }; } >/dev/null && echo there",
  changed_when: false,
};

/** The upper one is not for root alone. */
const notesFolder: Task = {
  name: "Folder of notes",
  "ansible.builtin.file": {
    path: "{{ item.path }}",
    state: "directory",
    mode: "{{ item.mode | default(omit) }}",
  },
  loop: [{ path: dirname(notes) }, { path: notes, mode: "0700" }],
  loop_control: { label: "{{ item.path }}" },
};

const pushFiles: Task = {
  name: "Files that a role takes over",
  "ansible.builtin.include_tasks": "push.yml",
  loop: "{{ pushes }}",
  loop_control: { loop_var: "push", label: "{{ push.dest }}" },
};

const applyRoles: Task = {
  name: "Roles",
  "ansible.builtin.include_tasks": "role.yml",
  loop: "{{ roles }}",
  loop_control: { loop_var: "role", label: "{{ role.name }}" },
};

function play(name: string, hosts: string, tasks: Task[]): Task {
  return { name, hosts, strategy: "free", gather_facts: false, become: true, tasks };
}

/** site.yml: one play after the other, within a play each host at its own pace. */
export function sitePlaybook(site: BenchSite): Task[] {
  const isGateway = "inventory_hostname in groups['gateways']";
  const isThird = "inventory_hostname in groups['third']";
  const configure = [python, notesFolder, pushFiles, applyRoles];
  const makeLink = labTask("Link between the places", "link create {{ item.name }}", {
    loop: ["{{ lab_link }}"],
  });
  return [
    play(playNames.ground, "all", [makeThings, makeMachine({ when: isGateway })]),
    play(playNames.regions, "regions", [makeMachine({ when: `not (${isGateway})` }), ...configure]),
    play(playNames.third, "third", [makeLink, makeMachine()]),
    play(playNames.birth, site.chain.length === 0 ? "third" : "third:birth", [
      ...configure.map((task) => ({ ...task, when: isThird })),
      ...site.chain.map(chainTask),
    ]),
    ...site.rounds.map((_, i) => play(playNames.round, `round_${i + 1}`, [roundTask(i)])),
  ];
}

/** One verb after the other, each on its own host, told by the host of the first. */
function chainTask({ host, step }: HostVerb, index: number): Task {
  return {
    name: step.id,
    "ansible.builtin.command": {
      cmd: step.command,
      stdin: `{{ chain[${index}].stdin }}`,
      stdin_add_newline: false,
    },
    delegate_to: host,
    when: "inventory_hostname in groups['birth']",
    changed_when: false,
  };
}

function roundTask(index: number): Task {
  return {
    name: "Verbs",
    "ansible.builtin.command": {
      cmd: "{{ item.command }}",
      stdin: "{{ item.stdin }}",
      stdin_add_newline: false,
    },
    loop: `{{ round_${index + 1} }}`,
    loop_control: { label: "{{ item.id }}" },
    changed_when: false,
  };
}

/**
 * push.yml: the role takes the file away, so a note with its hash says that it was there; made when it is, so that a
 * copy cut short is made again.
 */
export function pushTasks(): Task[] {
  const note = `${notes}/pushed-{{ push.hash }}`;
  return [
    { name: "Was it there", "ansible.builtin.stat": { path: note, get_checksum: false }, register: "pushed" },
    {
      name: "File",
      "ansible.builtin.copy": { src: "{{ push.src }}", dest: "{{ push.dest }}", mode: "0644" },
      when: "not pushed.stat.exists",
    },
    {
      name: "Note that it was there",
      "ansible.builtin.file": { path: note, state: "touch", mode: "0600" },
      when: "not pushed.stat.exists",
    },
  ];
}

/**
 * role.yml: files, then the script, which runs when a file or itself changed or it has not finished since. The paths of
 * changed files are noted for it in the file that EVENKEEL_CHANGED names, which goes when it has finished. Unlike ours it
 * knows them after they were written: a run cut short in between loses them.
 */
export function roleTasks(): Task[] {
  const script = `${notes}/{{ role.name }}.sh`;
  const pending = `${notes}/{{ role.name }}.pending`;
  return [...fileTasks(script), ...scriptTasks(script, pending)];
}

function fileTasks(script: string): Task[] {
  return [
    {
      name: "Folders",
      "ansible.builtin.file": { path: "{{ item }}", state: "directory" },
      loop: "{{ role.folders }}",
    },
    {
      name: "Files",
      "ansible.builtin.copy": {
        src: "{{ item.src }}",
        dest: "{{ item.dest }}",
        mode: "{{ item.mode }}",
        owner: "{{ item.owner | default(omit) }}",
        group: "{{ item.group | default(omit) }}",
      },
      loop: "{{ role.files }}",
      loop_control: { label: "{{ item.dest }}" },
      register: "role_files",
      no_log: true,
    },
    {
      name: "Script",
      "ansible.builtin.copy": {
        src: "{{ role.script }}",
        dest: script,
        mode: "0700",
        owner: "root",
        group: "root",
      },
      register: "role_script",
    },
  ];
}

function scriptTasks(script: string, pending: string): Task[] {
  const changed = "role_files.results | selectattr('changed') | map(attribute='item.dest')";
  // A newline itself, not its escape: Ansible keeps backslashes in its templates.
  return [
    {
      name: "Note what changed",
      "ansible.builtin.command": { cmd: `tee -a ${pending}`, stdin: `{{ ${changed} | join('\n') }}` },
      when: "role_files is changed or role_script is changed",
    },
    {
      name: "Run the script",
      "ansible.builtin.shell": {
        cmd: `timeout -k 10 {{ role.seconds }} bash ${script} </dev/null && rm ${pending}`,
        removes: pending,
      },
      environment: { EVENKEEL_CHANGED: pending, EVENKEEL_ROLE: "{{ role.name }}" },
    },
  ];
}
