package dev.handover.examples.admin;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code --help} says. */
final class Help {
    private static final String STORE =
            """
            ZOOKEEPER is --zookeeper HOST:PORT[,...] [--cluster NAME]: the servers, and the name of the znode below which
            everything is kept, by default 'handover'.""";

    private static final String NODES =
            """
            Nodes are asked where they have announced themselves, over the connections they have among themselves. --node-cluster
            NAME is what HaNode.Builder.cluster says there, by default 'default'. Where they have TLS, this tool needs it, too:
            --tls-certificate FILE --tls-key FILE --tls-trust FILE, with a certificate for the name ha-admin.""";

    private static final String DIRECTORY =
            """
            DIRECTORY is that of one group on one node, whose process is stopped (the one with 'log' in it).""";

    private static final Map<String, String> COMMANDS = new LinkedHashMap<>();

    static {
        command(
                "status",
                "[--group NAME] ZOOKEEPER [--node-cluster NAME]",
                "who leads, who is in sync, and what each replica is doing",
                "Of all groups, or of one: the configuration as it is stored, and below it one line for each replica that is"
                        + "\nannounced, with its role, its indexes and its fault as its node tells them at this moment. A node that does not answer"
                        + "\nis listed with the reason.",
                STORE,
                NODES);
        command(
                "config show",
                "--group NAME ZOOKEEPER",
                "the group's configuration as it is stored",
                "Asks ZooKeeper only.",
                STORE);
        command(
                "transfer",
                "--group NAME ZOOKEEPER [--to NODE] [--node-cluster NAME]",
                "gives the leadership to another node",
                "Asks the leader to hand over to that node, or to the best one, while everybody is served. Fails, and nothing has changed,"
                        + "\nif the target is not in sync or does not catch up in time.",
                STORE,
                NODES);
        command(
                "snapshot",
                "--group NAME --node NODE ZOOKEEPER [--node-cluster NAME]",
                "has a node take a snapshot now",
                "The log before it can be dropped afterwards. Answers when it is on the disk.",
                STORE,
                NODES);
        command(
                "member remove",
                "--group NAME --node NODE ZOOKEEPER [--node-cluster NAME]",
                "keeps a node out of a group until it is admitted again",
                "Asks the leader. It is refused for the leader itself (transfer first), for a node that is not there, and if fewer than"
                        + "\nminInSync replicas would be left in sync. Afterwards stop the node and delete its directory.",
                STORE,
                NODES);
        command(
                "member admit",
                "--group NAME --node NODE ZOOKEEPER [--node-cluster NAME]",
                "lets a node in again that was removed",
                "Asks the leader. It is refused for a node that was not removed: that one may come as it is.",
                STORE,
                NODES);
        command(
                "log verify",
                "DIRECTORY",
                "reads a stopped node's log and checks every record",
                "Changes nothing. Exit code 1 says that it is damaged, and the message where.",
                DIRECTORY);
        command(
                "log dump",
                "DIRECTORY [--from N] [--to N] [--payload]",
                "lists snapshots and entries",
                "Changes nothing. First the complete snapshots, newest first, then the entries; --payload adds their bytes in hexadecimal.",
                DIRECTORY);
        command(
                "force-recover",
                "DIRECTORY ZOOKEEPER [--other DIRECTORY,...] [--dial HOST:PORT,...] [--yes-i-lose-data=GROUP] [--store-was-lost]",
                "begins a new history with this stopped node's log",
                "For when every in-sync replica is lost for good. Says what may be lost and asks for the group's name. It refuses when the"
                        + "\nsituation does not call for it."
                        + "\n  --other            the group's other copies, as far as they can be read from here; refused if one of them holds more"
                        + "\n  --dial             where the group's other nodes listened; refused if one of them still does"
                        + "\n  --yes-i-lose-data  the group's name, instead of being asked"
                        + "\n  --store-was-lost   ZooKeeper's data is gone",
                DIRECTORY,
                STORE);
    }

    private Help() {}

    private static void command(String name, String arguments, String summary, String... more) {
        COMMANDS.put(
                name,
                "usage: java -jar ha-admin.jar " + name + " " + arguments + " [--json]\n\n  " + summary + "\n\n"
                        + String.join("\n\n", more));
    }

    /** The whole, or of the command that the words begin with; null if there is none. */
    static @Nullable String of(List<String> words) {
        if (words.isEmpty()) {
            return all();
        }
        String text = String.join(" ", words);
        return COMMANDS.entrySet().stream()
                .filter(command -> text.equals(command.getKey()) || text.startsWith(command.getKey() + " "))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static String all() {
        StringBuilder all = new StringBuilder("usage: java -jar ha-admin.jar COMMAND [--json]\n\n");
        COMMANDS.forEach((name, text) -> all.append(String.format(
                "  %-14s %s%n",
                name, text.lines().skip(2).findFirst().orElseThrow().strip())));
        return all
                + """

                COMMAND --help tells the arguments of one.
                Answers go to stdout, the rest to stderr.
                Exit codes: 0 done, 1 failed (a damaged log, a store or a node that does not answer), 2 wrong arguments, 3 refused.""";
    }
}
