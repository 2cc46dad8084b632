package dev.handover.ops;

import java.util.List;

/**
 * Something that an operator may have done, see {@link OpsModel#perform}.
 *
 * @param name {@code transfer}, {@code pause}, {@code switch}, or another one word of the application's
 * @param subject the group or election; an operator confirms by saying it again
 * @param targets what may be chosen; empty if nothing is to be chosen
 * @param help what it does, in one sentence
 */
public record OpsAction(String name, String subject, List<String> targets, String help) {}
