// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from 'node:sqlite';
import { messageOf, XmError } from '../errors.ts';
import { StoreError } from './contract.ts';
import type { Kept, StoreKeeper } from './keeper-contract.ts';
import { createKeptPart, type KeptChange } from './kept.ts';
import { formatPerm } from './permissions.ts';
import type { TreeNode } from './tree.ts';

const VERSION = 1;

/** A write-ahead log: a killed process loses nothing that was committed, a power failure at most the last moments. */
const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS node (
    path TEXT PRIMARY KEY, value BLOB NOT NULL, perms TEXT NOT NULL, created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};`;

/**
 * Opens a file, made if it is not there, that keeps a part of a store.
 * @throws XmError `ESTATE` when it is none of ours, is damaged, or another process has it open
 */
export function openKeeper(file: string, kept: Kept): StoreKeeper {
  function damaged(error: unknown): XmError {
    return new XmError('ESTATE', `Cannot use ${file}, which keeps xenstore: ${messageOf(error)}`, {
      hint: 'move it away to start without what it keeps',
      cause: error,
    });
  }

  /** @throws XmError instead of whatever `action` throws */
  function guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw damaged(error);
    }
  }

  const db = guarded(() => {
    const opened = new DatabaseSync(file);
    try {
      const { user_version: version } = opened.prepare('PRAGMA user_version').get() ?? {};
      if (Number(version) > VERSION) throw new Error(`it is of version ${version}, made by a newer xm`);
      opened.exec(SCHEMA);
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  const [save, forget] = guarded(
    () =>
      [
        db.prepare('INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?)'),
        // '0' is the character after '/'.
        db.prepare("DELETE FROM node WHERE path = ?1 OR (path > ?1 || '/' AND path < ?1 || '0')"),
      ] as const,
  );
  const part = createKeptPart(kept);
  /** What is in the file is not what is in the store: nothing was begun, or a step could not be written. */
  let behind = true;
  let begun = false;

  function saveNode(node: TreeNode, path: string): void {
    save.run(path, Buffer.from(node.value, 'latin1'), node.perms.map(formatPerm).join(' '), node.created);
  }

  function saveAll(root: TreeNode): void {
    db.exec('DELETE FROM node');
    for (const top of kept.below) part.each(root, top, saveNode);
  }

  function saveChange(change: KeptChange, root: TreeNode): void {
    if (change.kind === 'node') {
      saveNode(change.node, change.path);
    } else {
      forget.run(change.path);
      part.each(root, change.path, saveNode);
    }
  }

  /** All or nothing of it. */
  function atomically(action: () => void): void {
    db.exec('BEGIN');
    try {
      action();
      db.exec('COMMIT');
      behind = false;
    } catch (error) {
      behind = true;
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    restore(dom0) {
      guarded(() => {
        // A parent's path sorts before its children's; they come in the order of their creation.
        const rows = db
          .prepare("SELECT * FROM node ORDER BY length(path) - length(replace(path, '/', '')), created")
          .all();
        for (const { path, value, perms } of rows) {
          dom0.write(String(path), Buffer.from(value as Uint8Array).toString('latin1'));
          dom0.setPerms(String(path), String(perms).split(' '));
        }
      });
    },
    begin(root) {
      guarded(() => atomically(() => saveAll(root)));
      begun = true;
    },
    record(before, after) {
      if (!begun) return;
      const found = part.changed(before, after);
      if (found.length === 0) return;
      try {
        atomically(() => {
          if (behind) saveAll(after);
          else for (const change of found) saveChange(change, after);
        });
      } catch (error) {
        throw new StoreError('EIO', `${file}: ${messageOf(error)}`);
      }
    },
    close: () => db.close(),
  };
}
