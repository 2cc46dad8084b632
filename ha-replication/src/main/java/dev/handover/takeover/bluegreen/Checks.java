package dev.handover.takeover.bluegreen;

import dev.handover.NodeId;
import dev.handover.takeover.bluegreen.Evidence.GroupView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;

/** What must hold before and during a switch; each finds reasons why not. Pure. */
final class Checks {
    private Checks() {}

    /** Why the colour could not be switched to now, in the words of people; empty if it could. */
    static List<String> ready(String colour, long maxLag, Evidence evidence) {
        List<String> problems = new ArrayList<>();
        if (!evidence.complete()) {
            problems.add(evidence.self() + " has not heard yet of all instances and groups");
            return problems;
        }
        for (NodeId node : evidence.inSync()) {
            if (!evidence.reports().containsKey(node)) {
                problems.add(
                        node + " is in sync, but does not say which colour it is: run BlueGreen on every instance");
            }
        }
        if (evidence.reports().values().stream()
                .noneMatch(report -> report.colour().equals(colour))) {
            problems.add("no instance is " + colour + "; start one, and wait until it is in sync");
            return problems;
        }
        SortedMap<NodeId, UUID> able = evidence.inSyncEverywhere(colour);
        if (able.isEmpty()) {
            problems.add("no instance that is " + colour + " is in sync in every group yet");
            return problems;
        }
        TreeSet<String> versions = new TreeSet<>();
        able.keySet().forEach(node -> versions.add(versionOf(node, evidence)));
        if (versions.size() > 1) {
            problems.add("instances that are " + colour + " run several versions, " + versions + "; switch to one");
        }
        for (GroupView group : evidence.groups()) {
            if (group.leader() == null) {
                problems.add("group " + group.group() + " has no leader");
            }
            problems.addAll(redundancy(colour, group, evidence));
            problems.addAll(levels(group, evidence));
            for (NodeId node : able.keySet()) {
                Report report = evidence.reports().get(node);
                Long applied = report == null ? null : report.applied().get(group.group());
                if (report != null && report.switchId() != null && applied == null) {
                    problems.add(node + " does not say what it has applied of group " + group.group()
                            + ": give BlueGreen the same groups on every instance");
                } else if (applied != null && applied < group.commitIndex() - maxLag) {
                    problems.add(node + " has applied " + applied + " of " + group.commitIndex() + " entries of group "
                            + group.group() + ", and may lack " + maxLag);
                }
            }
        }
        return problems;
    }

    /** The new version alone must be as redundant as the group demands. */
    static List<String> redundancy(String colour, GroupView group, Evidence evidence) {
        long copies = group.inSync().stream()
                .filter(node -> evidence.isOf(node, colour))
                .count();
        return copies >= group.minInSync()
                ? List.of()
                : List.of("group " + group.group() + " has " + copies + " " + colour
                        + " replicas in sync, and minInSync is " + group.minInSync()
                        + ": without the others writes would be refused; start more");
    }

    /** Everybody must be able to read what the group writes, or there would be no way back. */
    private static List<String> levels(GroupView group, Evidence evidence) {
        List<String> problems = new ArrayList<>();
        for (Report report : evidence.reports().values()) {
            if (report.featureLevel() < group.featureLevel()) {
                problems.add(report.node() + " supports feature level " + report.featureLevel() + ", and group "
                        + group.group() + " writes at level " + group.featureLevel());
            }
        }
        return problems;
    }

    /** Instances that have not said yet that they know of the switch, and that they hold the feature level. */
    static List<String> unaware(Switching current, Evidence evidence) {
        return evidence.reports().values().stream()
                .filter(report -> evidence.inSync().contains(report.node()) && !report.takesPartIn(current))
                .map(report -> report.node() + " has not said that it knows of the switch")
                .toList();
    }

    /** Which of the instances that take part is not what it was; empty if all are. */
    static List<String> lost(Switching current, Evidence evidence) {
        List<String> problems = new ArrayList<>();
        for (Map.Entry<NodeId, UUID> participant : current.participants().entrySet()) {
            NodeId node = participant.getKey();
            Report report = evidence.reports().get(node);
            if (report == null || !report.process().equals(participant.getValue())) {
                problems.add(node + " was restarted");
            }
            for (GroupView group : evidence.groups()) {
                if (!group.inSync().contains(node)) {
                    problems.add(node + " is not in sync any more in group " + group.group());
                    break;
                }
            }
        }
        return problems;
    }

    /** Who takes part and whose task has failed. */
    static List<String> failed(Switching current, Evidence evidence, Function<Report, Report.Task> task) {
        return evidence.reports().values().stream()
                .filter(report -> current.participants().containsKey(report.node()) && report.takesPartIn(current))
                .filter(report -> task.apply(report).isFailed())
                .map(report -> report.node() + ": " + task.apply(report).detail())
                .toList();
    }

    /** Who takes part and whose task is not done. */
    static List<String> pending(Switching current, Evidence evidence, Function<Report, Report.Task> task) {
        return current.participants().keySet().stream()
                .filter(node -> {
                    Report report = evidence.reports().get(node);
                    return report == null
                            || !report.takesPartIn(current)
                            || !task.apply(report).isDone();
                })
                .map(NodeId::toString)
                .toList();
    }

    /** Instances of the old colour that have not drained yet, of those that are there. */
    static List<String> undrained(Switching current, Evidence evidence) {
        return evidence.reports().values().stream()
                .filter(report -> report.colour().equals(current.from())
                        && evidence.inSync().contains(report.node()))
                .filter(report -> !report.takesPartIn(current) || report.drain().state() == Report.State.PENDING)
                .map(report -> report.node().toString())
                .toList();
    }

    static String versionOf(NodeId node, Evidence evidence) {
        Report report = evidence.reports().get(node);
        return report == null ? "" : report.version();
    }
}
