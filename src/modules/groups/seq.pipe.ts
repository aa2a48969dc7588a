import { Injectable, type PipeTransform } from '@nestjs/common';
import { invalid } from '../../kernel/errors/app-error';

/** A seq in a path: 1 and more. */
@Injectable()
export class SeqParam implements PipeTransform<string, number> {
  transform(text: string): number {
    if (!/^[1-9]\d{0,9}$/.test(text)) throw invalid('seq', 'A seq is a whole number from 1 on.');
    return Number(text);
  }
}
